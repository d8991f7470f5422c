/** The contract of files, held by the directories of this machine: each way to resolve, each thread. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openBeneath, walkBeneath } from "../../src/wasi/files/host/beneath.ts";
import { HostDirectory } from "../../src/wasi/files/host/host-directory.ts";
import {
  openHostDirectory,
  openHostDirectoryOffThread,
} from "../../src/wasi/files/host/open-host-directory.ts";
import type { OpenDirectory } from "../../src/wasi/index.ts";
import { type CreateFiles, describeFiles, type Skip } from "./files.ts";
import { linkCases } from "./link-cases.ts";
import { nameCases } from "./name-cases.ts";
import { writingCases } from "./writing-cases.ts";

const writable: Skip = {
  reason: "it is there to be written to",
  tests: ["read-only: every change is refused, and changes nothing"],
};
const nothingChanges: Skip = {
  reason: "nothing in it changes",
  tests: [writingCases, nameCases, linkCases].flatMap((cases) => Object.keys(cases)),
};

/** In a directory of its own below the scratch one, so that nothing of the machine is near. */
function inScratch(open: (path: string) => OpenDirectory): CreateFiles {
  return async (seed) => {
    const scratch = mkdtempSync(join(tmpdir(), "emend-files-"));
    const path = join(scratch, "above/mount");
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(seed)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    }
    const root = open(path);
    const dispose = (): void => {
      root.close();
      rmSync(scratch, { recursive: true, force: true });
    };
    return { root, dispose };
  };
}

for (const [way, beneath] of [
  ["by openat2", openBeneath],
  ["name by name", walkBeneath],
] as const) {
  describeFiles(
    `a directory of this machine, resolved ${way}`,
    inScratch(
      (path) => new HostDirectory(openHostDirectory(path, { readOnly: false }).descriptor, false, beneath),
    ),
    { skip: [writable] },
  );
}

describeFiles(
  "a directory of this machine, read-only",
  inScratch((path) => openHostDirectory(path, { readOnly: true })),
  { skip: [nothingChanges] },
);

describeFiles(
  "a directory of this machine, on the disk thread",
  inScratch((path) => openHostDirectoryOffThread(path, { readOnly: false })),
  { skip: [writable] },
);

describeFiles(
  "a directory of this machine, read-only and on the disk thread",
  inScratch((path) => openHostDirectoryOffThread(path, { readOnly: true })),
  { skip: [nothingChanges] },
);
