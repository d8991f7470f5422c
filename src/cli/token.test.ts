import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmendError } from "../errors.ts";
import { openState } from "../state/index.ts";
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
  const command = tokenCommand().exitOverride();
  command.configureOutput({ writeOut: (text) => (output += text), writeErr: () => undefined });
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
