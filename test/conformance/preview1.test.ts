/**
 * Preview 1 seen from inside: the guests of `test/guests/preview1` make every call and print a line a check. All
 * must be ok.
 */
import { describe, expect, test } from "bun:test";
import { compileCommand, Instance, type Outcome } from "../../src/guest/index.ts";
import { emptyRun, type Run, toByteString } from "../../src/wasi/index.ts";
import { ownGuest } from "../support/guests.ts";
import { TestInput, TestOutput } from "../support/host-fixture.ts";

interface Subject {
  /** What is run, and on which files. */
  readonly name: string;
  readonly guest: string;
  readonly run: () => Partial<Run>;
  readonly exitCode: number;
}

const subjects: Subject[] = [
  {
    name: "process",
    guest: "process",
    run: () => ({ args: () => ["process", "größe"].map(toByteString), environ: () => ["A=1", "B="] }),
    exitCode: 42,
  },
  { name: "clock", guest: "clock", run: () => ({ stdin: new TestInput().push("abc").end() }), exitCode: 0 },
  {
    name: "stream",
    guest: "stream",
    run: () => ({ stdin: new TestInput().push("abcdef"), stdout: new TestOutput(8) }),
    exitCode: 0,
  },
];

async function runChecks({ guest, run }: Subject): Promise<{ lines: string[]; outcome: Outcome }> {
  const compiled = await compileCommand(await ownGuest(`preview1/${guest}`), guest);
  const instance = await Instance.create(compiled);
  const stderr = new TestOutput();
  const outcome = await instance.run({ ...emptyRun, ...run(), stderr });
  return { lines: stderr.text.trimEnd().split("\n"), outcome };
}

describe("every check is ok", () => {
  for (const subject of subjects) {
    test(subject.name, async () => {
      const { lines, outcome } = await runChecks(subject);
      expect(lines.at(-1)).toBe("finished");
      const checks = lines.slice(0, -1);
      expect(checks.filter((line) => !line.endsWith(": ok"))).toEqual([]);
      expect(checks.length).toBeGreaterThan(20);
      expect(outcome).toEqual({ kind: "exit", code: subject.exitCode });
    });
  }
});
