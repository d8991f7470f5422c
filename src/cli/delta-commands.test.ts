import { afterAll, beforeEach, describe, expect, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { applyCommand } from "./apply.ts";
import { diffCommand } from "./diff.ts";
import { runCommandLine } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "emend-delta-"));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string): string => join(root, name);

const oldText = "The quick brown fox jumps over the lazy dog.\n".repeat(50);
const newText = oldText.replace("lazy", "sleepy");

beforeEach(() => {
  for (const name of readdirSync(root)) rmSync(at(name), { recursive: true });
  writeFileSync(at("old"), oldText);
  writeFileSync(at("new"), newText);
});

interface Printed {
  readonly out: string;
  readonly err: string;
}

/** Runs one of the two commands; what it printed on stdout and stderr. */
async function run(...args: readonly string[]): Promise<Printed> {
  return listen(async () => {
    const program = new Command("emend").exitOverride();
    for (const command of [diffCommand(), applyCommand()]) program.addCommand(command.exitOverride());
    await program.parseAsync([...args], { from: "user" });
  });
}

/** Runs a command line as `emend` does, to its exit code. */
async function runWhole(...args: readonly string[]): Promise<Printed & { exitCode: number }> {
  let exitCode = -1;
  const printed = await listen(async () => {
    exitCode = await runCommandLine(args);
  });
  return { ...printed, exitCode };
}

async function listen(action: () => Promise<void>): Promise<Printed> {
  const [out, err]: [string[], string[]] = [[], []];
  const print = spyOn(process.stdout, "write").mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  const log = spyOn(console, "log").mockImplementation((line) => void out.push(`${line}\n`));
  const write = spyOn(process.stderr, "write").mockImplementation((text) => {
    err.push(String(text));
    return true;
  });
  try {
    await action();
  } finally {
    print.mockRestore();
    log.mockRestore();
    write.mockRestore();
  }
  return { out: out.join(""), err: err.join("") };
}

describe("emend diff and emend apply", () => {
  test.each(["auto", "emend-bsdiff", "zstd-dictionary", "endsley-gzip", "bsdiff40"])(
    "round trip by %s",
    async (format) => {
      await run("diff", at("old"), at("new"), "-o", at("delta"), "--format", format);
      await run("apply", at("old"), at("delta"), "-o", at("result"));
      expect(readFileSync(at("result"), "utf8")).toBe(newText);
      expect(readdirSync(root).toSorted()).toEqual(["delta", "new", "old", "result"]);
    },
  );

  test("a refused delta leaves an old output alone", async () => {
    await run("diff", at("old"), at("new"), "-o", at("delta"));
    writeFileSync(at("result"), "precious");
    await expect(run("apply", at("new"), at("delta"), "-o", at("result"))).rejects.toMatchObject({
      code: "delta.source-hash",
    });
    writeFileSync(at("delta"), readFileSync(at("delta")).subarray(0, 50));
    await expect(run("apply", at("old"), at("delta"), "-o", at("result"))).rejects.toThrow();
    expect(readFileSync(at("result"), "utf8")).toBe("precious");
  });

  test("an output that cannot be created is a failure with a reason", async () => {
    // The name of the temporary file is longer still, too long for any file system.
    const { exitCode, err } = await runWhole("diff", at("old"), at("new"), "-o", at("n".repeat(250)));
    expect({ exitCode, err }).toMatchObject({ exitCode: 1, err: expect.stringContaining("cannot write") });
  });

  test("a full disk is a failure with a reason, and leaves nothing behind", async () => {
    const write = spyOn(fs, "writeSync").mockImplementation(() => {
      throw new Error("ENOSPC: no space left on device");
    });
    const { exitCode, err } = await runWhole("diff", at("old"), at("new"), "-o", at("old"));
    write.mockRestore();
    expect({ exitCode, err }).toMatchObject({ exitCode: 1, err: expect.stringContaining("no space left") });
    expect(readdirSync(root).toSorted()).toEqual(["new", "old"]);
    expect(readFileSync(at("old"), "utf8")).toBe(oldText);
  });

  test("a refusal ends with 3; its code is the last word on stderr, and in --json", async () => {
    expect((await runWhole("diff", at("old"), at("new"), "-o", at("delta"))).exitCode).toBe(0);
    const wrongSource = ["apply", at("new"), at("delta"), "-o", at("result")];
    const refused = await runWhole(...wrongSource);
    expect(refused).toMatchObject({ exitCode: 3, out: "" });
    expect(refused.err.trim().split(/\s+/).at(-1)).toBe("delta.source-hash");
    const asJson = await runWhole(...wrongSource, "--json");
    expect(asJson.exitCode).toBe(3);
    expect(JSON.parse(asJson.out)).toMatchObject({ code: "delta.source-hash" });
    expect(asJson.err).toBe(refused.err);
    const missing = await runWhole("apply", at("nope"), at("delta"), "-o", at("result"), "--json");
    expect(missing).toMatchObject({ exitCode: 1, out: "" });
  });

  test("a delta without digests is applied with a warning, or checked by --sha256", async () => {
    const { out } = await run(
      "diff",
      at("old"),
      at("new"),
      "-o",
      at("delta"),
      "--format",
      "bsdiff40",
      "--json",
    );
    const { sha256, sourceSha256 } = JSON.parse(out);
    const { err } = await run("apply", at("old"), at("delta"), "-o", at("result"));
    expect(err).toContain("nothing could be verified");
    const checked = ["--sha256", sha256, "--source-sha256", `sha256:${sourceSha256}`];
    expect((await run("apply", at("old"), at("delta"), "-o", at("result"), ...checked)).err).toBe("");
    await expect(
      run("apply", at("old"), at("delta"), "-o", at("result"), "--sha256", sourceSha256),
    ).rejects.toMatchObject({ code: "delta.result-hash" });
  });

  test("--json is one document; --stats one line for each file", async () => {
    const { out } = await run("diff", at("old"), at("new"), "--json");
    const report = JSON.parse(out);
    expect(report.files).toHaveLength(1);
    expect(report.payload).toBe(report.files[0].payload);
    expect(report.tried.length).toBeGreaterThan(0);
    const stats = await run("diff", at("old"), at("new"), "--stats");
    expect(stats.out.trim().split("\n").at(-1)).toContain(at("new"));
    const applied = await run("diff", at("old"), at("new"), "-o", at("delta")).then(() =>
      run("apply", at("old"), at("delta"), "-o", at("result"), "--json"),
    );
    expect(JSON.parse(applied.out)).toMatchObject({
      size: newText.length,
      sha256: report.sha256,
      verified: true,
    });
  });

  test("two directories are reported file by file; renamed ones cost nothing", async () => {
    for (const [path, text] of [
      ["a/one.js", oldText],
      ["a/sub/two.txt", "two"],
      ["b/uno.js", newText],
      ["b/zwei.txt", "two"],
    ] as const) {
      mkdirSync(join(at(path), ".."), { recursive: true });
      writeFileSync(at(path), text);
    }
    const { out } = await run("diff", at("a"), at("b"), "--json");
    const ops = JSON.parse(out).files.map((file: { path: string; op: string; source: string | null }) => [
      file.path,
      file.op,
      file.source,
    ]);
    expect(ops).toEqual([
      ["uno.js", "delta", "one.js"],
      ["zwei.txt", "keep", null],
    ]);
    expect((await run("diff", at("a"), at("b"))).out).toContain("2 files");
  });

  test.each([
    ["no output and no report", ["diff", "old", "new"], "usage"],
    ["a file and a directory", ["diff", "old", "."], "usage"],
    ["directories with -o", ["diff", ".", ".", "-o", "x"], "usage"],
    ["a budget of nothing", ["diff", "old", "new", "--stats", "--budget", "0"], "usage"],
    ["a digest that is none", ["apply", "old", "new", "-o", "x", "--sha256", "12"], "usage"],
    ["a file that is not there", ["diff", "nope", "new", "--stats"], "io"],
    ["what is no delta", ["apply", "old", "new", "-o", "x"], "delta.format"],
    ["an output in no directory", ["diff", "old", "new", "-o", "no/x"], "io"],
    ["an output that is a directory", ["diff", "old", "new", "-o", "."], "io"],
    ["an output that is a device", ["diff", "old", "new", "-o", "/dev/null"], "io"],
  ])("refuses %s", async (_, args, code) => {
    const paths = args.map((arg) => (["old", "new", ".", "x", "nope", "no/x"].includes(arg) ? at(arg) : arg));
    await expect(run(...paths)).rejects.toMatchObject({ code });
    expect(existsSync(at("x"))).toBe(false);
  });
});
