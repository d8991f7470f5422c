/**
 * Every case of the kit by `emend run`: its environment, arguments, stdin and directories given on the command line,
 * its stdout, exit code, trap or refusal compared. Two cases say what no command line can, and run in this process.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { sha256Hex } from "../../src/bytes/index.ts";
import { compileCommand, Instance } from "../../src/guest/index.ts";
import { emptyRun } from "../../src/wasi/index.ts";
import { createScratch } from "../support/executable.ts";
import { expectedOutput, type KitCase, kitCases, kitFile, kitPath, pattern } from "../support/guests.ts";
import { TestOutput } from "../support/host-fixture.ts";
import { startReactor } from "../support/reactor.ts";
import { runGuest } from "../support/run-guest.ts";
import { type ProcessResult, runProcess } from "../support/run-process.ts";

/** Why a case is not run by `emend run` here; undefined when it is. */
function leftOut({ id, guest }: KitCase): string | undefined {
  if (id === "go-reactor") return "is no command: through the library below";
  if (id === "c-cgi-env-none") return "has an argv[0] that is no file's name: through the library below";
  if (kitPath(guest) === undefined) return `${guest} is not on this machine`;
  return undefined;
}

const reasons = Map.groupBy(kitCases(), leftOut);
for (const [reason, those] of reasons) {
  if (reason !== undefined)
    console.log(`kit cases left out: ${those.map(({ id }) => id).join(", ")}: ${reason}`);
}
const cases = reasons.get(undefined) ?? [];

const scratch = createScratch();
afterAll(() => scratch[Symbol.dispose]());

/** What a trap of each kind is called in the one line about it. */
const trapWords: Readonly<Record<string, string>> = {
  unreachable: "Unreachable code should not be executed",
  memory: "Out of bounds memory access",
  divide: "Division by zero",
  table: "Out of bounds call_indirect",
  signature: "call_indirect to a signature that does not match",
  stack: "Maximum call stack size exceeded.",
};

describe("emend run", () => {
  for (const each of cases.filter(({ load_error }) => load_error === undefined)) {
    test(each.id, async () => {
      const ended = await run(each);
      expectStdout(each, ended.stdout);
      const module = basename(each.guest);
      if (each.deadline_ms !== undefined) {
        expect(ended.stderr).toEndWith(`emend: ${module} was ended: its time is over\n`);
        expect(ended.exitCode).toBe(124);
      } else if (each.trap === undefined) expect(ended.exitCode).toBe(each.exit ?? 0);
      else {
        expect(ended.stderr).toEndWith(`emend: ${module} trapped: ${trapWords[each.trap]}\n`);
        expect(ended.exitCode).toBe(134);
      }
      expect(ended.stderr).toContain(each.stderr_contains ?? "");
      expect(ended.durationMs).toBeGreaterThan(each.min_ms ?? 0);
    });
  }

  for (const each of cases.filter(
    ({ id, load_error }) => load_error !== undefined && id !== "bad-unstable",
  )) {
    test(`refuses ${each.id} in one line`, async () => {
      const { exitCode, stdout, stderr } = await run(each);
      expect([exitCode, stdout.length]).toEqual([1, 0]);
      expect(stderr).toMatch(new RegExp(`^emend: ${basename(each.guest)}: [^\n]+\n$`));
    });
  }

  test("runs bad-unstable, which hosts without snapshot 0 refuse", async () => {
    const { exitCode, stdout } = await run(cases.find(({ id }) => id === "bad-unstable")!);
    expect([exitCode, stdout.toString()]).toEqual([0, "Content-Type: text/plain\n\nunstable works\n"]);
  });
});

describe("the library", () => {
  test("runs c-cgi-env-none, whose argv[0] is x", async () => {
    const instance = await Instance.create(
      await compileCommand(kitFile("c-cgi-env/c-cgi-env.wasm")!, "c-cgi-env.wasm"),
    );
    const { outcome, stdout } = await runGuest(instance, { args: ["x"] });
    expect(outcome).toEqual({ kind: "exit", code: 0 });
    expect(stdout).toBe(expectedOutput("c-cgi-env-none").bytes!.toString("latin1"));
  });

  const reactor = kitFile("go-reactor/go-reactor.wasm");
  test.skipIf(reactor === undefined)(
    "calls the exports of go-reactor, again and again on one instance",
    async () => {
      const stdout = new TestOutput();
      const call = await startReactor(reactor!, { ...emptyRun, stdout });
      const { reactor: calls } = kitCases().find(({ id }) => id === "go-reactor")!;
      for (const [name, args, result] of calls!)
        expect([name, Number(call(name, args))]).toEqual([name, result]);
      expect(stdout.text).toBe(expectedOutput("go-reactor").bytes!.toString("latin1"));
    },
  );
});

async function run({
  guest,
  env,
  args,
  stdin,
  dirs,
  memory_limit,
  deadline_ms,
}: KitCase): Promise<ProcessResult> {
  const grants = Object.entries(dirs ?? {}).map(([name, directory]) => {
    const host = "scratch" in directory ? join(scratch.path, directory.scratch) : kitPath(directory.host)!;
    if ("scratch" in directory) mkdirSync(host, { recursive: true });
    return `${host}::${name}${directory.write ? "" : ":ro"}`;
  });
  return await runProcess({
    module: kitPath(guest)!,
    env,
    dirs: grants,
    options: [
      ...(memory_limit === undefined ? [] : ["--memory-max", String(memory_limit / 2 ** 20)]),
      ...(deadline_ms === undefined ? [] : ["--timeout", String(deadline_ms)]),
    ],
    // argv[0] is the file's base name: emend gives it.
    ...(args === undefined ? {} : { args: args.slice(1) }),
    ...(stdin === undefined ? {} : { stdin: stdinBytes(stdin) }),
  });
}

function stdinBytes(stdin: NonNullable<KitCase["stdin"]>): Uint8Array {
  return "text" in stdin ? new TextEncoder().encode(stdin.text) : pattern(stdin.pattern);
}

function expectStdout({ id, stdout_regex }: KitCase, stdout: Buffer): void {
  if (stdout_regex !== undefined) {
    expect(stdout.toString("latin1")).toMatch(new RegExp(stdout_regex));
    return;
  }
  const { bytes, size, sha256 } = expectedOutput(id);
  if (bytes !== undefined) expect(stdout.toString("latin1")).toBe(bytes.toString("latin1"));
  expect([stdout.length, sha256Hex(stdout)]).toEqual([size, sha256]);
}
