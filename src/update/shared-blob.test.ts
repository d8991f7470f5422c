import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dropTickets, lendBlob, takeBlob } from "./shared-blob.ts";

test("lendBlob hands blobs of any size and kind to another thread and back, and they outlive it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "emend-shared-blob-"));
  const file = join(dir, "file");
  writeFileSync(file, "in a file, of which a part");
  const room = JSON.stringify(new URL("./shared-blob.ts", import.meta.url).href);
  const script = join(dir, "echo.ts");
  writeFileSync(
    script,
    `import { lendBlob, takeBlob } from ${room};
     addEventListener("message", async ({ data }) => {
       const bytes = await takeBlob(data).bytes();
       postMessage(lendBlob(new Blob([bytes.map((byte) => byte ^ 255)])));
     });`,
  );
  const worker = new Worker(pathToFileURL(script));
  const big = new Uint8Array(9_000_000).map((_, at) => at % 251);
  const blobs = [new Blob([]), new Blob(["small"]), new Blob([big]), Bun.file(file).slice(3, 9)];
  const back: Blob[] = [];
  for (const blob of blobs) {
    const answer = new Promise<string>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
    });
    worker.postMessage(lendBlob(blob));
    back.push(takeBlob(await answer));
  }
  worker.terminate();
  await Bun.sleep(50);
  Bun.gc(true);
  for (const [at, blob] of blobs.entries()) {
    const inverted = (await blob.bytes()).map((byte) => byte ^ 255);
    expect(Buffer.compare(await back[at]!.bytes(), inverted)).toBe(0);
  }
  rmSync(dir, { recursive: true });
});

test("a ticket is taken once, and not at all when it was dropped", () => {
  const ticket = lendBlob(new Blob(["a"]));
  takeBlob(ticket);
  expect(() => takeBlob(ticket)).toThrow("taken once");
  const dropped = lendBlob(new Blob(["a"]));
  dropTickets([dropped, ticket]);
  expect(() => takeBlob(dropped)).toThrow("taken once");
});
