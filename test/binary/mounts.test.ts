/** Mounts of emend.toml in the executable, where the thread that waits for disks is started from inside of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createScratch,
  isExecutableBuilt,
  runCommand,
  type Scratch,
  startNode,
} from "../support/executable.ts";
import { kitGuest } from "../support/guests.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
  mkdirSync(join(scratch.path, "site"));
  writeFileSync(join(scratch.path, "site/kv.wasm"), kitGuest("c-kv"));
  const mount = '[[site]]\ndir = "site"\n[[site.mount]]\nhost = "data"\nguest = "/data"\nmode = "rw"\n';
  writeFileSync(join(scratch.path, "emend.toml"), `[server]\naddr = "127.0.0.1:1"\n${mount}`);
});
afterAll(() => scratch[Symbol.dispose]());

describe.skipIf(!isBuilt)("[[site.mount]]", () => {
  test("is refused where there is no such directory", async () => {
    const { exitCode, stdout, stderr } = await runCommand(
      ["serve", "--config", "emend.toml", "--ephemeral"],
      {
        cwd: scratch.path,
      },
    );
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`${join(scratch.path, "data")}: expected a directory that can be opened`);
  });

  test("keeps what guests write, relative to emend.toml, for the next node too", async () => {
    mkdirSync(join(scratch.path, "data"));
    const value = "x".repeat(300_000);
    {
      await using node = await startNode(["--config", "emend.toml", "--ephemeral"], { cwd: scratch.path });
      const put = await fetch(`${node.url}/kv/key`, { method: "PUT", body: value });
      expect(put.status).toBe(201);
    }
    expect(readFileSync(join(scratch.path, "data/key"), "latin1")).toBe(value);
    await using node = await startNode(["--config", "emend.toml", "--ephemeral"], { cwd: scratch.path });
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => (await fetch(`${node.url}/kv/key`)).text()),
    );
    expect(answers.every((answer) => answer === value)).toBe(true);
  });
});
