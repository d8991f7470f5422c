import { expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { SiteFile } from "../content.ts";
import { Pace } from "../pace.ts";
import { memoryFile } from "./content-fixture.ts";
import { Variants } from "./variants.ts";

const decode = { zstd: zstdDecompressSync, br: brotliDecompressSync, gzip: gunzipSync };
const text = (seed: string) => `${seed} is the seed of this text.\n`.repeat(200);
const plenty = 1e9;

const variantsOf = (files: readonly SiteFile[], bytesMax = plenty, previous?: Variants): Promise<Variants> =>
  Variants.create(bytesMax, files, new Pace(), previous);

test("make keeps the codings of a file, smallest first, and each decodes to it", async () => {
  const file = memoryFile("a.txt", text("one"));
  const variants = await variantsOf([file]);
  expect(variants.of(file.sha256)).toEqual([]);
  await variants.make();
  const made = variants.of(file.sha256);
  expect(made.map(({ coding }) => coding).sort()).toEqual(["br", "gzip", "zstd"]);
  const sizes = made.map(({ blob }) => blob.size);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  for (const { coding, blob } of made)
    expect(decode[coding](await blob.bytes()).toString()).toBe(text("one"));
});

test("make keeps nothing that is not a tenth smaller", async () => {
  const file = memoryFile("noise.txt", crypto.getRandomValues(new Uint8Array(4096)));
  const variants = await variantsOf([file]);
  await variants.make();
  expect(variants.of(file.sha256)).toEqual([]);
});

test("make stays within its bytes and prefers small files", async () => {
  const [small, large] = [
    memoryFile("s", text("s")),
    memoryFile("l", crypto.randomUUID().repeat(40) + text("l")),
  ];
  const measure = await variantsOf([small]);
  await measure.make();
  const smallBytes = measure.of(small.sha256).reduce((sum, { blob }) => sum + blob.size, 0);
  const variants = await variantsOf([large, small], smallBytes);
  await variants.make();
  expect([variants.of(small.sha256).length, variants.of(large.sha256).length]).toEqual([3, 0]);
});

test("make passes over a file that cannot be read or has changed", async () => {
  const good = memoryFile("good", text("good"));
  const gone = { ...memoryFile("gone", text("g")), blob: Bun.file("/nonexistent/gone") };
  const other = { ...memoryFile("other", text("o")), blob: new Blob([text("p")]), unchanged: () => true };
  const variants = await variantsOf([gone, other, good]);
  await variants.make();
  expect([gone, other, good].map(({ sha256 }) => variants.of(sha256).length)).toEqual([0, 0, 3]);
});

test("close stops the making and frees what was made", async () => {
  const files = ["a", "b", "c", "d"].map((name) => memoryFile(name, text(name)));
  const variants = await variantsOf(files);
  const made = variants.make();
  variants.close();
  await made;
  expect(files.flatMap(({ sha256 }) => variants.of(sha256))).toEqual([]);
});

test("a new Variants takes over those of the same bytes, of nothing else, and survives the closing of the old", async () => {
  const [kept, dropped] = [memoryFile("kept", text("kept")), memoryFile("dropped", text("dropped"))];
  const before = await variantsOf([kept, dropped]);
  await before.make();
  const blobs = before.of(kept.sha256).map(({ blob }) => blob);
  const after = await variantsOf([{ ...kept, path: "renamed" }], plenty, before);
  before.close();
  expect(after.of(kept.sha256).map(({ blob }) => blob)).toEqual(blobs);
  expect(after.of(dropped.sha256)).toEqual([]);
});

test("compression leaves the thread free", async () => {
  const words = Array.from({ length: 60_000 }, (_, i) => `${i} ${Math.sin(i)}`).join("\n");
  const variants = await variantsOf([memoryFile("words", words)]);
  let isMade = false;
  let turns = 0;
  const made = variants.make().then(() => {
    isMade = true;
  });
  while (!isMade) {
    await Bun.sleep(1);
    turns++;
  }
  await made;
  expect(turns).toBeGreaterThan(10);
});

test("a process ends soon after close, although files are waiting for 8 s of work", async () => {
  const script = `
    const { Variants } = await import(${JSON.stringify(`${import.meta.dir}/variants.ts`)});
    const { memoryFile } = await import(${JSON.stringify(`${import.meta.dir}/content-fixture.ts`)});
    const digits = Array.from({ length: 100_000 }, (_, i) => Math.sin(i)).join(" ");
    const files = Array.from({ length: 8 }, (_, i) => memoryFile("f" + i, i + digits));
    const variants = await Variants.create(1e9, files, { step: () => undefined });
    void variants.make();
    await Bun.sleep(50);
    variants.close();`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "ignore", stderr: "inherit" });
  const timer = setTimeout(() => child.kill(), 4000);
  expect(await child.exited).toBe(0);
  clearTimeout(timer);
});
