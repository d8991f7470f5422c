import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmendError } from "../errors.ts";
import { openState, TokenBook } from "../state/index.ts";
import { tokenCommand } from "./token.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "emend-token-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<string> {
  let output = "";
  const command = tokenCommand();
  for (const each of [command, ...command.commands]) each.exitOverride();
  for (const each of [command, ...command.commands])
    each.configureOutput({ writeOut: (text) => (output += text), writeErr: () => undefined });
  await command.parseAsync(args, { from: "user" });
  return output;
}

describe("tokenCommand", () => {
  test("token prints the token that a node keeps", async () => {
    const { token } = openState({ dir, ephemeral: false, environment: {} });
    expect(await run("--state", dir)).toBe(`${token}\n`);
    expect(JSON.parse(await run("--state", dir, "--json"))).toEqual({ token, state: dir });
  });

  test("token makes nothing when no node was started", async () => {
    const missing = join(dir, "none");
    const refusal = await run("--state", missing).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(EmendError);
    expect(refusal).toMatchObject({
      code: "io",
      message: expect.stringContaining("no node has been started"),
    });
    expect(existsSync(missing)).toBe(false);
  });

  test("token refuses a damaged token", async () => {
    writeFileSync(join(dir, "token"), "garbage", { mode: 0o600 });
    await expect(run("--state", dir)).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("damaged"),
    });
  });

  test("token explains itself with examples", () => {
    let help = "";
    const command = tokenCommand().configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help).toContain("emend token --state /var/lib/emend");
    expect(help).toContain("--json");
  });

  test.each([[["--stat", "x"]], [["extra"]]])("token refuses the wrong usage %p", async (args) => {
    expect(await run(...args).catch((error: { code?: string }) => error.code)).toStartWith("commander.");
  });
});

describe("tokenCommand add, list, remove", () => {
  test("add prints a token once; list shows whose there are and never the hash; remove takes it away", async () => {
    const token = await run("add", "ci", "--role", "publish", "--site", "blog", "--state", dir);
    expect(token).toMatch(/^emend_[\w-]{43}\n$/);
    const book = new TokenBook({ operatorToken: "x", dir, report: () => undefined });
    expect(book.principalOf(token.trim())).toEqual({ name: "ci", role: "publish", site: "blog" });
    const shown = await run("list", "--state", dir);
    expect(shown).toMatch(/^ci +publish +site blog +20/);
    const { tokens } = JSON.parse(await run("list", "--state", dir, "--json"));
    expect(Object.keys(tokens[0])).toEqual(["name", "role", "site", "createdAt"]);
    expect(await run("remove", "ci", "--state", dir)).toBe("");
    expect(book.principalOf(token.trim())).toBeUndefined();
    expect(await run("list", "--state", dir)).toBe("");
  });

  test("add --json says what the token is for", async () => {
    const said = JSON.parse(await run("add", "prometheus", "--role", "read", "--state", dir, "--json"));
    expect(said).toMatchObject({ name: "prometheus", role: "read", site: null });
  });

  test.each([
    ["no role", ["add", "ci"], "commander."],
    ["an unknown role", ["add", "ci", "--role", "admin"], "commander."],
    ["no name", ["add", "--role", "read"], "commander."],
    ["the operator's name", ["add", "operator", "--role", "read"], "usage"],
    ["a path for a name", ["add", "../ci", "--role", "read"], "usage"],
    ["a name that nobody has", ["remove", "ci"], "usage"],
  ])("%s is refused", async (_name, args, code) => {
    const refused = await run(...args, "--state", dir).catch((error: { code?: string }) => error.code);
    expect(refused).toStartWith(code);
  });

  test("add makes no state directory", async () => {
    const missing = join(dir, "none");
    await expect(run("add", "ci", "--role", "read", "--state", missing)).rejects.toMatchObject({
      code: "io",
    });
    expect(existsSync(missing)).toBe(false);
  });
});
