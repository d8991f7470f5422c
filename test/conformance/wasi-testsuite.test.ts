/**
 * WebAssembly/wasi-testsuite, all of its preview 1 tests, each once by `emend run` and once in this process. There is
 * no list of known failures: all have to pass. The suite is no part of this repository; `WASI_TESTSUITE` names a
 * checkout of its branch prod/testsuite-all.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { compileCommand, Instance } from "../../src/guest/index.ts";
import { runGuest } from "../support/run-guest.ts";
import { runProcess } from "../support/run-process.ts";
import { copyDirectories, type SuiteTest, suiteTests } from "../support/wasi-testsuite.ts";

const suite = process.env.WASI_TESTSUITE;
if (suite === undefined)
  console.log(
    "wasi-testsuite.test.ts is skipped: WASI_TESTSUITE names no checkout of wasi-testsuite (prod/testsuite-all)",
  );
const tests = suite === undefined ? [] : suiteTests(suite);

const runners: Readonly<
  Record<string, (test: SuiteTest, dirs: ReadonlyMap<string, string>) => Promise<Ended>>
> = { "emend run": byProcess, "the library": inProcess };

describe.skipIf(suite === undefined)("wasi-testsuite", () => {
  test("has its preview 1 tests where this runner looks for them", () => {
    expect(tests.length).toBeGreaterThan(0);
  });

  for (const [name, run] of Object.entries(runners)) {
    describe(`by ${name}`, () => {
      let passed = 0;
      afterAll(() => console.log(`wasi-testsuite by ${name}: ${passed} of ${tests.length} pass`));
      for (const each of tests) {
        test(each.id, async () => {
          using directories = copyDirectories(each);
          const ended = await run(each, directories.paths);
          const wanted = {
            exitCode: each.exitCode,
            stdout: each.stdout ?? ended.stdout,
            stderr: each.stderr ?? ended.stderr,
          };
          expect(ended).toEqual(wanted);
          passed++;
        });
      }
    });
  }
});

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function byProcess(
  { module, args, env }: SuiteTest,
  dirs: ReadonlyMap<string, string>,
): Promise<Ended> {
  const grants = [...dirs].map(([name, path]) => `${path}::${name}`);
  const { exitCode, stdout, stderr } = await runProcess({ module, args, env, dirs: grants });
  return { exitCode, stdout: stdout.toString("latin1"), stderr };
}

async function inProcess(
  { module, args, env }: SuiteTest,
  dirs: ReadonlyMap<string, string>,
): Promise<Ended> {
  const name = basename(module);
  const instance = await Instance.create(await compileCommand(readFileSync(module), name));
  const { outcome, stdout, stderr } = await runGuest(instance, { args: [name, ...args], env, dirs });
  if (outcome.kind !== "exit") throw new Error(`${JSON.stringify(outcome)}: ${stderr}`);
  return { exitCode: outcome.code, stdout, stderr };
}
