/** `emend run` by the built executable: what it loads late is in there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createScratch, isExecutableBuilt, runCommand, type Scratch } from "../support/executable.ts";
import { kitPath } from "../support/guests.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

describe.skipIf(!isBuilt)("emend run", () => {
  let scratch: Scratch;
  beforeAll(() => {
    scratch = createScratch();
    mkdirSync(join(scratch.path, "data"));
    writeFileSync(join(scratch.path, "data/greeting"), "hello");
  });
  afterAll(() => scratch[Symbol.dispose]());

  const kv = (env: Readonly<Record<string, string>>, dir: string): ReturnType<typeof runCommand> =>
    runCommand(
      [
        "run",
        "--dir",
        dir,
        ...Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
        kitPath("c-kv/c-kv.wasm")!,
      ],
      { cwd: scratch.path },
    );

  test("reads and changes a real directory", async () => {
    const get = await kv({ REQUEST_METHOD: "GET", PATH_INFO: "/greeting" }, "data::/data");
    expect([get.exitCode, get.stderr]).toEqual([0, ""]);
    expect(get.stdout).toEndWith("\n\nhello");
    const remove = await kv({ REQUEST_METHOD: "DELETE", PATH_INFO: "/greeting" }, "data::/data");
    expect([remove.exitCode, readdirSync(join(scratch.path, "data"))]).toEqual([0, []]);
  });

  test("changes nothing in a directory that is there for reading", async () => {
    writeFileSync(join(scratch.path, "data/kept"), "kept");
    const { stdout } = await kv({ REQUEST_METHOD: "DELETE", PATH_INFO: "/kept" }, "data::/data:ro");
    expect(stdout).toStartWith("Status: ");
    expect(readFileSync(join(scratch.path, "data/kept"), "utf8")).toBe("kept");
  });

  test("ends with 134 and one line for a trap", async () => {
    const options = ["run", "--env", "QUERY_STRING=divzero", kitPath("c-trap/c-trap.wasm")!];
    expect(await runCommand(options)).toMatchObject({
      exitCode: 134,
      stderr: "emend: c-trap.wasm trapped: Division by zero\n",
    });
  });
});
