// ?n=5&ms=100&size=1: n pieces of `size` letters, ms apart. The head goes out with the first.
import { paramInt, print, sleepMs } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const count = paramInt("n", 5, 0, 100_000);
  const pauseMs = paramInt("ms", 100, 0, 60_000);
  const piece = "x".repeat(paramInt("size", 1, 0, 65_536));
  print("Content-Type: text/plain\n\n");
  for (let i = 0; i < count; i++) {
    if (i > 0) sleepMs(pauseMs);
    print(piece);
  }
}
