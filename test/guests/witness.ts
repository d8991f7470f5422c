// ?n=3&ms=10: reads its body to the end, then says n times, ms apart, which release it is (the variable RELEASE), one
// a line, and at last how long the body was.
import { env, paramInt, print, read, sleepMs } from "../../src/cli/templates/assemblyscript/cgi";

const BUFFER_BYTES = 16_384;
const buffer = memory.data(BUFFER_BYTES);

export function _start(): void {
  let total = 0;
  for (let length = read(buffer, BUFFER_BYTES); length > 0; length = read(buffer, BUFFER_BYTES)) total += length;
  const pauseMs = paramInt("ms", 0, 0, 60_000);
  const count = paramInt("n", 1, 0, 100_000);
  print("Content-Type: text/plain\n\n");
  for (let i = 0; i < count; i++) {
    if (i > 0 && pauseMs > 0) sleepMs(pauseMs);
    print(env("RELEASE") + "\n");
  }
  print("body " + total.toString() + "\n");
}
