/**
 * What the store's steps cost on a disk, for patches of some sizes.
 *
 *     bun scripts/bench/store.ts [--json] [DIRECTORY]
 *
 * The directory is where the store is made, which decides what a sync costs; by default the system's for temporary files.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentDigest, encodeHex, randomBytes, sha256Hex } from "../../src/bytes/index.ts";
import { type Disk, nodeDisk, openStore } from "../../src/store/index.ts";
import { median, numberOption, printReport, round } from "./report.ts";

const commits = numberOption("commits", 100);
const where = process.argv.slice(2).find((arg) => !arg.startsWith("-")) ?? tmpdir();

const rows = [4_000, 42_000, 1_000_000].map(measure);
printReport({
  benchmark: "store",
  method: [
    `${commits} commits for each size of patch, in ${where}; medians, milliseconds.`,
    "A commit is durable when it returns. The blob is what the patch makes, as large as the patch.",
    "Garbage: the collection after each commit, of 5 kept releases.",
    "Syncs: of one commit, the one of SQLite's log included.",
  ],
  rows,
  // An update has 18 ms from its last byte to its commit; verification, delta and compilation need most of them.
  targets: rows.map((row) => ({
    what: `commit of ${row.patchBytes} bytes, ms`,
    measured: row.commitMs,
    atMost: row.patchBytes > 100_000 ? 10 : 6,
  })),
});

function measure(patchBytes: number) {
  const dir = mkdtempSync(join(where, "emend-bench-store-"));
  const times = {
    commit: [] as number[],
    blob: [] as number[],
    garbage: [] as number[],
    rollback: [] as number[],
  };
  const timed = (list: number[], run: () => unknown) => {
    const beganMs = performance.now();
    run();
    list.push(performance.now() - beganMs);
  };
  let syncs = 0;
  const counting: Disk = {
    ...nodeDisk,
    sync: (path) => {
      syncs++;
      nodeDisk.sync(path);
    },
    syncDirectory: (path) => {
      syncs++;
      nodeDisk.syncDirectory(path);
    },
  };
  using store = openStore(dir, { disk: counting });
  const site = store.site("default");
  site.begin({ digest: contentDigest([]), files: [] });
  let ofCommits = 0;
  for (let i = 1; i <= commits; i++) {
    const patch = randomBytes(patchBytes);
    const sha256 = sha256Hex(patch);
    const files = Array.from({ length: 100 }, (_, j) => ({
      path: `public/${j}.js`,
      size: patchBytes,
      sha256,
    }));
    const release = {
      digest: contentDigest(files),
      sequence: i,
      label: null,
      createdMs: i,
      committedMs: i,
      files,
    };
    const before = syncs;
    const manifestDigest = encodeHex(randomBytes(32));
    timed(times.commit, () => site.commit({ release, manifestDigest, patch, keep: 5 }));
    ofCommits += syncs - before + 1;
    const blob = randomBytes(patchBytes);
    timed(times.blob, () => site.putBlob(sha256Hex(blob), blob));
    timed(times.garbage, () => store.collectGarbage());
    const previous = site.record().releases[1]?.digest;
    if (previous !== undefined) timed(times.rollback, () => site.rollback(previous, null));
  }
  const opening: number[] = [];
  store[Symbol.dispose]();
  timed(opening, () => openStore(dir)[Symbol.dispose]());
  rmSync(dir, { recursive: true });
  return {
    patchBytes,
    commitMs: round(median(times.commit)),
    rollbackMs: round(median(times.rollback)),
    blobMs: round(median(times.blob)),
    garbageMs: round(median(times.garbage)),
    openMs: round(median(opening)),
    syncs: round(ofCommits / commits),
  };
}
