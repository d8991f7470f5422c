import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "../../bytes/index.ts";
import { assetHeldFileBytesMax } from "../../limits.ts";
import { Asset } from "./asset.ts";
import { Bodies } from "./bodies.ts";
import { diskFile, memoryFile } from "./content-fixture.ts";
import { compileHeaderRules } from "./header-rules.ts";

const directory = mkdtempSync(join(tmpdir(), "emend-bodies-"));
afterAll(() => rmSync(directory, { recursive: true }));

const rules = compileHeaderRules({ cache: {}, headers: {} }, {});
async function assetOnDisk(name: string, text: string): Promise<Asset> {
  await Bun.write(join(directory, name), text);
  return new Asset(name, diskFile(name, join(directory, name), sha256Hex(text)), rules);
}
const changed = expect.objectContaining({ code: "release.changed" });

test("of gives bytes in memory at once and as they are", () => {
  const asset = new Asset("a", memoryFile("a", "text"), rules);
  const form = new Bodies(0).of(asset);
  expect(form instanceof Promise ? undefined : form.blob).toBe(asset.file.blob);
});

test("of reads a small file once, for all who wait, and holds it whatever happens on disk", async () => {
  const asset = await assetOnDisk("small", "text");
  const bodies = new Bodies(100);
  const [first, second] = await Promise.all([bodies.of(asset), bodies.of(asset)]);
  expect(first).toBe(second);
  await Bun.write(join(directory, "small"), "other");
  const held = bodies.of(asset);
  expect(held).toBe(first);
  expect(await first.blob.text()).toBe("text");
});

test("of refuses a small file whose bytes are others, and takes it when it is right again", async () => {
  const asset = await assetOnDisk("flaky", "text");
  const bodies = new Bodies(100);
  await Bun.write(join(directory, "flaky"), "texT");
  await expect(bodies.of(asset)).rejects.toEqual(changed);
  await Bun.write(join(directory, "flaky"), "text");
  expect(await (await bodies.of(asset)).blob.text()).toBe("text");
});

test("of refuses a large file that was changed or removed, each time it is asked", async () => {
  const asset = await assetOnDisk("large", "x".repeat(assetHeldFileBytesMax + 1));
  const bodies = new Bodies(100);
  expect((await bodies.of(asset)).blob.size).toBe(assetHeldFileBytesMax + 1);
  await Bun.write(join(directory, "large"), "y");
  expect(() => bodies.of(asset)).toThrow("changed on disk");
  rmSync(join(directory, "large"));
  expect(() => bodies.of(asset)).toThrow("changed on disk");
});

test("of refuses a large file that does not verify", async () => {
  const blob = new Blob(["x".repeat(assetHeldFileBytesMax + 1)]);
  const verify = () => Promise.reject(new Error("damaged"));
  const file = { path: "a", size: blob.size, sha256: "0".repeat(64), blob, verify };
  await expect(new Bodies(100).of(new Asset("a", file, rules))).rejects.toThrow("damaged");
});

test("of holds at most its bytes and lets the least recently asked go", async () => {
  const [a, b, c, tooLarge] = await Promise.all([
    assetOnDisk("a", "a".repeat(40)),
    assetOnDisk("b", "b".repeat(40)),
    assetOnDisk("c", "c".repeat(40)),
    assetOnDisk("d", "d".repeat(101)),
  ]);
  const bodies = new Bodies(100);
  for (const asset of [a, b, a, c, tooLarge]) await bodies.of(asset);
  expect([a, b, c, tooLarge].map((asset) => bodies.of(asset) instanceof Promise)).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test("close lets go of everything and holds nothing from then on", async () => {
  const asset = await assetOnDisk("closing", "text");
  const bodies = new Bodies(100);
  const loading = bodies.of(asset);
  bodies.close();
  expect(await (await loading).blob.text()).toBe("text");
  expect(bodies.of(asset)).toBeInstanceOf(Promise);
  expect(await (await bodies.of(asset)).blob.text()).toBe("text");
});
