import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { EmendError } from "../errors.ts";
import { configCommand } from "./config.ts";

const scratch = mkdtempSync(join(tmpdir(), "emend-config-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

/** What a call printed on stdout, and the code and message of what it threw. */
async function run(...args: string[]): Promise<{ stdout: string; code: string; message: string }> {
  let stdout = "";
  const command = quiet(configCommand((text) => (stdout += text)));
  try {
    await command.parseAsync(args, { from: "user" });
    return { stdout, code: "", message: "" };
  } catch (thrown) {
    if (!(thrown instanceof EmendError || thrown instanceof CommanderError)) throw thrown;
    return { stdout, code: thrown.code, message: thrown.message };
  }
}

function quiet(command: Command): Command {
  command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  command.commands.forEach(quiet);
  return command;
}

describe("config check", () => {
  const good = file("site.toml", '[[route]]\npath = "/a"\nmodule = "a.wasm"\n');
  const bad = file("emend.toml", "[server]\nthreads = 2\nfoo = 1\n");

  test("says in a line that a file is valid", async () => {
    expect(await run("check", good)).toEqual({
      stdout: `${good}: valid (site.toml)\n`,
      code: "",
      message: "",
    });
  });

  test("throws all errors of a file", async () => {
    const { stdout, code, message } = await run("check", bad);
    expect([stdout, code]).toEqual(["", "node.config"]);
    expect(message.split("\n")).toHaveLength(2);
    expect(message).toStartWith(`${bad}: server.threads: expected 1 (`);
  });

  test("prints one JSON document with --json, whatever the verdict", async () => {
    const valid = await run("check", "--json", good);
    expect(JSON.parse(valid.stdout)).toEqual({ file: good, kind: "site", valid: true, issues: [] });
    const invalid = await run("check", "--json", bad);
    expect(invalid.code).toBe("node.config");
    const document = JSON.parse(invalid.stdout);
    expect(document).toMatchObject({ file: bad, kind: "node", valid: false });
    expect(document.issues.map((issue: { path: string }) => issue.path)).toEqual([
      "server.threads",
      "server.foo",
    ]);
  });

  test.each([
    ["a.toml", "[assets]\nspa = 1", [], "site.config"],
    ["b.toml", "[[site]]\nfoo = 1", [], "node.config"],
    ["c.toml", "a = = 1", [], "site.config"],
    ["d.toml", "", [], "usage"],
    ["e.toml", "[server]\n[assets]", [], "usage"],
    ["f.toml", "", ["--kind", "node"], ""],
    ["g.toml", "[assets]", ["--kind", "node"], "node.config"],
    ["h.toml", "", ["--kind", "other"], "commander.invalidArgument"],
    ["i.toml", new Uint8Array([0xff, 0xfe]), [], "io"],
  ])("takes %s for what its name, its tables or --kind say", async (name, content, options, code) => {
    expect((await run("check", file(name, content), ...options)).code).toBe(code);
  });

  test.each(["missing.toml", "."])("refuses %s, which cannot be read", async (name) => {
    const { code, message } = await run("check", join(scratch, name));
    expect(code).toBe("io");
    expect(message).toStartWith(`cannot read ${join(scratch, name)}: `);
  });
});

describe("config schema", () => {
  test("prints JSON Schema, or with --format crd a CRD", async () => {
    expect(JSON.parse((await run("schema", "site")).stdout)).toMatchObject({
      title: "site.toml",
      type: "object",
    });
    const crd = await run("schema", "node", "--format", "crd");
    expect(JSON.parse(crd.stdout)).toMatchObject({
      kind: "CustomResourceDefinition",
      spec: { names: { kind: "EmendNode" } },
    });
  });

  test.each([[["schema", "other"]], [["schema"]], [["schema", "site", "--format", "xml"]]])(
    "refuses %j",
    async (args) => {
      const { stdout, code } = await run(...args);
      expect(stdout).toBe("");
      expect(code).toStartWith("commander.");
    },
  );
});
