/**
 * What every kind of directory must do, whatever is behind it: one suite that each kind runs. A kind that
 * cannot do something says so with a reason. Where POSIX leaves a choice, Linux's is asked for.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { OpenDirectory } from "../../src/wasi/index.ts";
import type { Cases } from "./files-fixture.ts";
import { linkCases } from "./link-cases.ts";
import { nameCases } from "./name-cases.ts";
import { readingCases } from "./reading-cases.ts";
import { writingCases } from "./writing-cases.ts";

/** Files by their paths; their directories are made as well. */
export type Seed = Readonly<Record<string, string>>;

export interface FilesUnderTest {
  /** A directory with the seed in it and nothing else. */
  readonly root: OpenDirectory;
  dispose(): void | Promise<void>;
}

/** Makes a directory for one test. */
export type CreateFiles = (seed: Seed) => Promise<FilesUnderTest>;

/** Tests, by their names, that a kind does not pass, and why it need not. */
export interface Skip {
  readonly reason: string;
  readonly tests: readonly string[];
}

/** Runs the suite against one kind of files. */
export function describeFiles(
  name: string,
  create: CreateFiles,
  { skip = [] }: { readonly skip?: readonly Skip[] } = {},
): void {
  describe(name, () => {
    let files: FilesUnderTest;
    beforeEach(async () => {
      files = await create(seed);
    });
    afterEach(() => files.dispose());

    const reasons = new Map(skip.flatMap(({ reason, tests }) => tests.map((title) => [title, reason])));
    for (const [title, run] of Object.entries(cases)) {
      const reason = reasons.get(title);
      if (reason === undefined) test(title, () => run(files.root));
      else test.skip(`${title} (${reason})`, () => undefined);
    }

    test("skips only what is in the suite", () => {
      expect([...reasons.keys()].filter((title) => !(title in cases))).toEqual([]);
    });
  });
}

const seed: Seed = {
  "hello.txt": "hello, world\n",
  empty: "",
  "deep/er/file": "below",
  "deep/größe": "x".repeat(5000),
};

const cases: Cases = { ...readingCases, ...writingCases, ...nameCases, ...linkCases };
