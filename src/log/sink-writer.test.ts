import { describe, expect, test } from "bun:test";
import { type Sink, sinkWriter } from "./sink-writer.ts";

/** Takes what is written, at once or when `room` resolves. */
function testSink(room?: Promise<number>): Sink & { readonly taken: string[] } {
  const taken: string[] = [];
  return {
    taken,
    write: (text) => {
      taken.push(text);
      return room ?? text.length;
    },
    flush: () => room ?? 0,
  };
}

describe("sinkWriter", () => {
  test("write is done at once where there is room", () => {
    const sink = testSink();
    expect(sinkWriter(sink)("a\n")).toBeUndefined();
    expect(sink.taken).toEqual(["a\n"]);
  });

  test("write resolves when there is room for more", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    let isDone = false;
    const written = sinkWriter(testSink(promise))("a\n")?.then(() => {
      isDone = true;
    });
    await Bun.sleep(1);
    expect(isDone).toBe(false);
    resolve(2);
    await written;
    expect(isDone).toBe(true);
  });

  test("write gives nothing more to a sink that broke, and does not reject", async () => {
    const sink = testSink(Promise.reject(new Error("EPIPE")));
    const write = sinkWriter(sink);
    await write("a\n");
    expect(write("b\n")).toBeUndefined();
    expect(sink.taken).toEqual(["a\n"]);
  });

  test("write goes on when whoever reads a process's stdout has gone away", async () => {
    const program = `
      import { createLogger, sinkWriter } from "${import.meta.dir}/index.ts";
      const logger = createLogger({ format: "json", redact: [], write: sinkWriter(Bun.stdout.writer()) });
      for (let turn = 0; turn < 20; turn++) {
        logger.log({ event: "stopping", cause: "x".repeat(1000), requests: turn });
        await logger.flush();
        await Bun.sleep(5);
      }
      console.error("still here");`;
    const child = Bun.spawn([process.execPath, "-e", program], { stdio: ["ignore", "pipe", "pipe"] });
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    expect(await child.stderr.text()).toBe("still here\n");
    expect(await child.exited).toBe(0);
  });
});
