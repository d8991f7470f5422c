import { describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { streamWriter } from "./stream-writer.ts";

describe("streamWriter", () => {
  test("write resolves when the stream took the text", async () => {
    const taken: string[] = [];
    let finish: () => void = () => undefined;
    const stream = new Writable({
      write(chunk, _encoding, done) {
        taken.push(String(chunk));
        finish = done;
      },
    });
    let room = false;
    const written = streamWriter(stream)("a\n")?.then(() => {
      room = true;
    });
    await Bun.sleep(1);
    expect(room).toBe(false);
    finish();
    await written;
    expect(taken).toEqual(["a\n"]);
  });

  test("write goes on when whoever reads a process's stdout has gone away", async () => {
    const program = `
      import { createLogger, streamWriter } from "${import.meta.dir}/index.ts";
      const logger = createLogger({ format: "json", redact: [], write: streamWriter(process.stdout) });
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
