import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assembleText } from "../../test/support/assemble-text.ts";
import { kitFile } from "../../test/support/guests.ts";
import { abis } from "../wasi/index.ts";
import { abiText, inspectAbi } from "./inspect-abi.ts";
import { inspectModule, moduleText } from "./inspect-module.ts";

const root = join(import.meta.dir, "../..");
const scratch = mkdtempSync(join(tmpdir(), "emend-inspect-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function inspect(...args: string[]): { exitCode: number; stdout: string; stderr: string } {
  const command = [process.execPath, join(root, "src/main.ts"), "inspect", ...args];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: scratch });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** The lines about imports, single spaces between the cells. */
async function importsOf(bytes: Uint8Array): Promise<string[]> {
  const lines = moduleText(await inspectModule("x.wasm", bytes)).split("\n");
  const first = lines.findIndex((line) => line.startsWith("imports"));
  const last = lines.findIndex((line) => line.startsWith("exports"));
  return lines.slice(first, last).map((line) => line.trim().replace(/ {2,}/g, " | "));
}

describe("inspectModule", () => {
  test("holds what a module needs against what emend offers", async () => {
    const bytes = await assembleText(`(module
      (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))
      (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32)))
      (import "env" "table" (table 1 funcref)))`);
    expect(await importsOf(bytes)).toEqual([
      "imports (4), 3 not supported:",
      "import | needed | offered",
      "ok | wasi_snapshot_preview1.fd_close | (i32) -> (i32) | the same",
      "NO | wasi_snapshot_preview1.proc_exit | (i64) -> () | (i32) -> ()",
      "NO | wasi_unstable.sock_accept | (i32, i32, i32) -> (i32) | nothing",
      "NO | env.table | a table | nothing",
    ]);
    expect((await inspectModule("x.wasm", bytes)).imports[1]).toMatchObject({
      signature: "(i64) -> ()",
      offered: "(i32) -> ()",
      problem: expect.stringContaining("expected (i32) -> ()"),
    });
  });

  test("says that a guest of snapshot 0 can be served", async () => {
    const report = await inspectModule("x.wasm", kitFile("bad-unstable/bad-unstable.wasm")!);
    expect([report.handler, report.problem]).toEqual(["wagi", null]);
    expect(moduleText(report)).toContain("imports (2), all supported:");
  });

  test("shows no control character of a name to the terminal", async () => {
    const bytes = await assembleText(
      String.raw`(module (import "a\1b[2J" "b\n" (func)) (func (export "\07")))`,
    );
    const text = moduleText(await inspectModule("x.wasm", bytes));
    expect(text).toContain(String.raw`a\x1b[2J.b\x0a`);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  test("says that a module without imports has none", async () => {
    expect(await importsOf(await assembleText("(module)"))).toEqual(["imports: none"]);
  });
});

describe("inspectAbi", () => {
  test("lists every function of every ABI once", () => {
    const lines = abiText(inspectAbi()).split("\n");
    const cells = lines.map((line) => line.split(/ {2,}/));
    expect(cells[0]).toEqual(["function", "type", "wasi_snapshot_preview1", "wasi_unstable"]);
    const names = Object.keys(abis[0]!.functions);
    expect(cells.slice(1, names.length + 1).map(([name]) => name)).toEqual(names);
    expect(cells.find(([name]) => name === "poll_oneoff")).toEqual([
      "poll_oneoff",
      "(i32, i32, i32, i32) -> (i32)",
      "may suspend",
      "yes",
      "yes",
    ]);
    expect(cells.find(([name]) => name === "sock_accept")?.slice(-2)).toEqual(["yes", "no"]);
  });

  test("tells what the ABIs lay out differently", () => {
    expect(abiText(inspectAbi()).split("\n").slice(-2)).toEqual([
      "wasi_snapshot_preview1: 46 functions; filestat of 64 bytes, subscription of 48; whence: set 0, current 1, end 2",
      "wasi_unstable: 45 functions; filestat of 56 bytes, subscription of 56; whence: set 2, current 0, end 1",
    ]);
  });
});

describe("emend inspect", () => {
  test("--abi --json prints one document of the code's own tables", () => {
    const { exitCode, stdout, stderr } = inspect("--abi", "--json");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(inspectAbi())));
  });

  test("prints the table of a module's imports, and with --json the same", () => {
    writeFileSync(join(scratch, "old.wasm"), kitFile("bad-unstable/bad-unstable.wasm")!);
    expect(inspect("old.wasm").stdout).toMatch(
      / {2}ok {2}wasi_unstable\.fd_write +\(i32, i32, i32, i32\) -> \(i32\) +the same\n/,
    );
    expect(JSON.parse(inspect("old.wasm", "--json").stdout).imports).toHaveLength(2);
  });

  const refusals: [what: string, args: string[], said: string][] = [
    ["nothing", [], "expected a FILE (or --abi), found neither"],
    ["a file and --abi", ["old.wasm", "--abi"], "expected a FILE or --abi, found both"],
  ];
  for (const [what, args, said] of refusals) {
    test(`refuses ${what} as wrong usage`, () => {
      expect(inspect(...args)).toEqual({ exitCode: 2, stdout: "", stderr: `emend: ${said}\n` });
    });
  }
});
