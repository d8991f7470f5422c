/** Deltas against Debian's bsdiff 4.3: what it makes applies here, what is made here applies there. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyDelta, diffDelta } from "../../src/delta/index.ts";
import { randomPair, seededRandom } from "../fuzz/delta-edits.ts";

const missing = ["bsdiff", "bspatch"].filter((tool) => Bun.which(tool) === null);
if (missing.length > 0)
  console.log(`skipped: ${missing.join(" and ")} not installed (apt-get install bsdiff)`);

const scratch = mkdtempSync(join(tmpdir(), "emend-bsdiff-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const [oldFile, newFile, patchFile] = ["old", "new", "patch"].map((name) => join(scratch, name)) as [
  string,
  string,
  string,
];

function runTool(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command[0]}: ${stderr.toString()}`);
}

const random = seededRandom(20_260_101);
const pairs = Array.from({ length: 40 }, (_, i) => ({ i, pair: randomPair(random, i < 30 ? 2000 : 60_000) }))
  // Debian's tools map their input and cannot map an empty file.
  .filter(({ pair }) => pair.every(({ length }) => length > 0));

describe.skipIf(missing.length > 0)("Debian's bsdiff", () => {
  test.each(pairs)("pair $i: its patch applies here", async ({ pair: [source, target] }) => {
    writeFileSync(oldFile, source);
    writeFileSync(newFile, target);
    runTool("bsdiff", oldFile, newFile, patchFile);
    const applied = await applyDelta(source, new Uint8Array(readFileSync(patchFile)));
    expect(applied.format).toBe("bsdiff40");
    expect(Buffer.compare(applied.target, target)).toBe(0);
  });

  test.each(pairs)("pair $i: a bsdiff40 delta applies there", async ({ pair: [source, target] }) => {
    writeFileSync(oldFile, source);
    writeFileSync(patchFile, (await diffDelta(source, target, { format: "bsdiff40" })).delta);
    runTool("bspatch", oldFile, newFile, patchFile);
    expect(Buffer.compare(readFileSync(newFile), target)).toBe(0);
  });
});
