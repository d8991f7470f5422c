import { afterAll, describe, expect, spyOn, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assembleText } from "../../test/support/assemble-text.ts";
import { kitFile } from "../../test/support/guests.ts";
import { keys } from "../../test/support/signed-patches.ts";
import { publish } from "../../test/support/update-node.ts";
import { collectDirectory, writePayload } from "../release/index.ts";
import { abis } from "../wasi/index.ts";
import { inspectCommand } from "./inspect.ts";
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

describe("emend inspect tells of", () => {
  const site = join(scratch, "site");
  mkdirSync(join(site, "public"), { recursive: true });
  writeFileSync(join(site, "public/index.html"), "<h1>hi</h1>");
  writeFileSync(join(site, ".secret"), "not for a release");
  writeFileSync(join(site, "api.wasm"), "\0asm");
  writeFileSync(
    join(site, "site.toml"),
    '[[route]]\npath = "/api/*"\nmodule = "api.wasm"\nmethods = ["GET"]\n',
  );

  /** What the command writes, run in this process. */
  async function said(...args: string[]): Promise<string> {
    const written: string[] = [];
    const write = spyOn(process.stdout, "write").mockImplementation((text) => {
      written.push(typeof text === "string" ? text : new TextDecoder().decode(text));
      return true;
    });
    try {
      await inspectCommand().parseAsync(["bun", "inspect", ...args]);
    } finally {
      write.mockRestore();
    }
    return written.join("");
  }

  test("a site: its files, none that are hidden, and its routes as they are tried", async () => {
    const text = await said(site);
    expect(text).toContain("site: release sha256:");
    expect(text).toMatch(
      /routes, in the order in which they are tried:\n {2}\/api\/\* {2}api\.wasm {2}GET HEAD\n/,
    );
    expect(text).not.toContain("secret");
    expect(JSON.parse(await said(site, "--json"))).toMatchObject({
      kind: "site",
      routes: [{ path: "/api/*", methods: ["GET", "HEAD"], module: "api.wasm" }],
    });
  });

  test("a site without routes", async () => {
    const bare = join(scratch, "bare");
    mkdirSync(join(bare, "public"), { recursive: true });
    writeFileSync(join(bare, "public/index.html"), "hi");
    expect(await said(bare)).toContain("routes: none, assets only");
  });

  test("an executable: which emend it is, whose patches it takes, and that its site is whole", async () => {
    const program = join(scratch, "program");
    writeFileSync(program, `\x7fELF${"program ".repeat(20)}`);
    const runtime = { version: "1.2.3", build: "abc", platform: "linux-x64" } as const;
    const base = { file: program, name: "program", runtime, runtimeBytes: 164, isSameBuild: true };
    const executable = join(scratch, "executable");
    await writePayload(base, await collectDirectory(site), executable, [keys.alice.publicKey.text]);
    const text = await said(executable);
    expect(text).toContain("executable: emend 1.2.3 (build abc) for linux-x64, 164 bytes without its site");
    expect(text).toContain(`operator keys, which may patch it: ${keys.alice.publicKey.text}`);
    expect(text).toContain("3 files");
    expect(text).toContain("all intact");
    expect(JSON.parse(await said(executable, "--json"))).toMatchObject({ kind: "executable", runtime });
  });

  test("a patch: what it claims, and its blocks as they are", async () => {
    const patch = join(scratch, "v2.emend");
    writeFileSync(patch, await publish({ "public/a.txt": "one" }, { "public/a.txt": "two" }));
    expect(await said(patch)).toContain("public/a.txt");
    expect(JSON.parse(await said(patch, "--extract", "manifest"))).toMatchObject({
      site: "default",
      format: 1,
    });
    expect(await said(patch, "--extract", "signatures")).toContain("untrusted comment:");
  });

  test("nothing when the options do not go together", async () => {
    for (const args of [
      ["--extract", "manifest"],
      ["x", "--extract", "manifest", "--json"],
      ["x", "--abi"],
      [],
    ]) {
      await expect(said(...args)).rejects.toMatchObject({ code: "usage" });
    }
  });
});
