/** The log's way to a stream such as stdout. */
import type { Writable } from "node:stream";

/** Takes text. A returned promise resolves when there is room for more; until then no more is written. */
export type Write = (text: string) => Promise<void> | undefined;

/** Writes to a stream. When whoever reads it goes away, the rest is thrown away and the node goes on. */
export function streamWriter(stream: Writable): Write {
  let broken = false;
  // Without a listener an EPIPE would end the process.
  stream.on("error", () => {
    broken = true;
  });
  return (text) => {
    if (broken) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.write(text, () => resolve());
    return promise;
  };
}
