// ?n=1000000&k=8192[&cl=1]: n bytes in writes of k bytes, with a Content-Length if asked.
// Byte i of the body is (i * 31 + 7) & 255.
import { param, paramInt, print, write } from "../../src/cli/templates/assemblyscript/cgi";

const BLOCK_BYTES: u32 = 65_536;
const block = memory.data(BLOCK_BYTES * 2);

export function _start(): void {
  const total = <u32>paramInt("n", 1_000_000, 0, i32.MAX_VALUE);
  const piece = <u32>paramInt("k", 8_192, 1, BLOCK_BYTES);
  // The pattern repeats every 256 bytes, so a piece that starts anywhere lies in two blocks.
  for (let i: u32 = 0; i < BLOCK_BYTES * 2; i++) store<u8>(block + i, <u8>(i * 31 + 7));
  const length = param("cl") == "1" ? "Content-Length: " + total.toString() + "\n" : "";
  print("Content-Type: application/octet-stream\n" + length + "\n");
  let done: u32 = 0;
  while (done < total) {
    const size = total - done < piece ? total - done : piece;
    write(block + (done & 255), size);
    done += size;
  }
}
