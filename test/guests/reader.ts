// ?size=1024&ms=0[&max=N]: reads the body in pieces of `size` bytes, ms apart, and stops after max bytes.
// Answers "bytes=N fnv=HEX reads=R" (FNV-1a, 32 bit).
import { param, paramInt, read, respond, sleepMs } from "../../src/cli/templates/assemblyscript/cgi";

const BUFFER_BYTES = 65_536;
const buffer = memory.data(BUFFER_BYTES);

export function _start(): void {
  const size = <u32>paramInt("size", 1_024, 1, BUFFER_BYTES);
  const pauseMs = paramInt("ms", 0, 0, 60_000);
  const max: u64 = param("max") == "" ? u64.MAX_VALUE : <u64>paramInt("max", 0, 0, i32.MAX_VALUE);
  let total: u64 = 0;
  let reads = 0;
  let hash: u32 = 2_166_136_261;
  while (total < max) {
    const length = read(buffer, size);
    if (length == 0) break;
    for (let i: u32 = 0; i < length; i++) hash = (hash ^ load<u8>(buffer + i)) * 16_777_619;
    total += length;
    reads++;
    if (pauseMs > 0) sleepMs(pauseMs);
  }
  const text = "bytes=" + total.toString() + " fnv=" + hash.toString(16).padStart(8, "0");
  respond("text/plain", text + " reads=" + reads.toString() + "\n");
}
