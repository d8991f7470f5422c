/**
 * The log's way to a sink of Bun's, such as stdout's. Streams of node:stream do the same and take three milliseconds
 * and two megabytes to load, which is more than a start may.
 */

/** Takes text. A returned promise resolves when there is room for more; until then no more is written. */
export type Write = (text: string) => Promise<void> | undefined;

/** What is used of a `Bun.FileSink`. Its promises reject when whoever reads is gone. */
export interface Sink {
  write(text: string): number | Promise<number>;
  flush(): number | Promise<number>;
}

/** Writes to a sink. When whoever reads it goes away, the rest is thrown away and the node goes on. */
export function sinkWriter(sink: Sink): Write {
  let broken = false;
  const onBroken = (): void => {
    broken = true;
  };
  return (text) => {
    if (broken) return undefined;
    const [taken, flushed] = [sink.write(text), sink.flush()];
    if (!(taken instanceof Promise) && !(flushed instanceof Promise)) return undefined;
    return Promise.all([taken, flushed]).then(() => undefined, onBroken);
  };
}
