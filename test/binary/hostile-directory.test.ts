/**
 * A node is started in whatever directory somebody stands in. Bun programs read bunfig.toml, .env, tsconfig.json and
 * node_modules there; emend must do none of it, or whoever can write a file there runs code with its rights.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  createScratch,
  emend,
  isExecutableBuilt,
  runCommand,
  type Scratch,
  startNode,
  testToken,
} from "../support/executable.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

describe.skipIf(!isBuilt)("a hostile current directory", () => {
  let scratch: Scratch;
  let trap: string;
  let marker: string;
  beforeAll(() => {
    scratch = createScratch();
    trap = join(scratch.path, "trap");
    marker = join(scratch.path, "ran");
    const payload = `require("node:fs").appendFileSync(${JSON.stringify(marker)}, __filename + "\\n");\n`;
    const script = (path: string): void => write(path, payload);
    const packages = ["hono", "valibot", "commander", "@valibot/to-json-schema"];
    for (const name of packages) {
      write(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: "1.0.0", main: "index.js", exports: { "./*": "./index.js" } }),
      );
      script(`node_modules/${name}/index.js`);
    }
    for (const name of ["preload.js", "index.js", "serve", "serve.js", "src/main.ts", "emend.js"])
      script(name);
    for (const name of ["bunfig.toml", ".bunfig.toml"]) {
      write(
        name,
        'preload = ["./preload.js"]\nlogLevel = "debug"\n[serve.static]\nplugins = ["./preload.js"]\n',
      );
    }
    write(
      "package.json",
      JSON.stringify({
        name: "trap",
        main: "index.js",
        scripts: { serve: "node serve.js" },
        type: "commonjs",
      }),
    );
    write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: { paths: Object.fromEntries(packages.map((name) => [name, ["./index.js"]])) },
      }),
    );
    for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
      write(
        name,
        "EMEND_TOKEN=planted-by-a-dotenv-file\nPORT=1\nBUN_PORT=1\nNODE_ENV=development\nNO_COLOR=1\n" +
          "BUN_OPTIONS=--preload=./preload.js\nBUN_INSPECT=127.0.0.1:0\nNODE_OPTIONS=--require=./preload.js\n",
      );
    }
    // Defaults that nobody named: what is found in the current directory is no configuration.
    write("emend.toml", '[server]\naddr = "not an address"\n');
    write("site.toml", "not = toml = at all\n");
    write("public/index.html", "a page of the trap");
  });
  afterAll(() => scratch[Symbol.dispose]());

  function write(path: string, contents: string): void {
    const file = join(trap, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents, { mode: 0o755 });
  }

  test("is a trap: Bun itself falls into it", async () => {
    Bun.spawnSync([process.execPath, "-e", "0"], { cwd: trap, env: { PATH: "" } });
    expect(await Bun.file(marker).text()).toContain("preload.js");
    writeFileSync(marker, "");
  });

  test("neither runs anything nor configures a node that is started there", async () => {
    const files = readdirSync(trap).sort();
    // Bun's own settings may also lie in the home directory.
    const env = { HOME: trap, XDG_CONFIG_HOME: trap };
    await using node = await startNode(["--ephemeral"], { cwd: trap, env });
    const page = await (await fetch(`${node.url}/`)).text();
    expect(page).toContain("<title>emend node</title>");
    expect((await fetch(`${node.url}/hello`)).status).toBe(200);
    // The token of the .env is not the node's: it made one of its own.
    expect(node.stderr()).toMatch(/^operator token: emend_/);
    const planted = await node.ask("/v1/status", { authorization: "Bearer planted-by-a-dotenv-file" });
    expect(planted.status).toBe(401);
    expect(await Bun.file(marker).text()).toBe("");
    expect(readdirSync(trap).sort()).toEqual(files);
    expect(await node.stop()).toBe(0);
    expect(await Bun.file(marker).text()).toBe("");
  });

  const commands: [args: string[], exitCode: number][] = [
    [["--version"], 0],
    [["serve", "--help"], 0],
    [["inspect", emend], 0],
    [["config", "schema", "site"], 0],
    [["config", "schema", "node", "--format", "crd"], 0],
    [["config", "check", "emend.toml"], 1],
    [["token"], 1],
    [["index.js"], 2],
    [["run", "index.js"], 1],
  ];
  for (const [args, exitCode] of commands) {
    test(`runs nothing for emend ${args.map((arg) => (arg === emend ? "dist/emend" : arg)).join(" ")}`, async () => {
      const result = await runCommand(args, { cwd: trap, env: { EMEND_TOKEN: testToken } });
      expect([result.exitCode, await Bun.file(marker).text()]).toEqual([exitCode, ""]);
    });
  }

  test("emend build there makes the executable of the named site alone", async () => {
    const site = join(scratch.path, "site");
    mkdirSync(join(site, "public"), { recursive: true });
    writeFileSync(join(site, "public/index.html"), "a page of the site");
    const made = join(scratch.path, "made");
    const built = await runCommand(["build", site, "-o", made], { cwd: trap });
    expect([built.exitCode, built.stderr]).toEqual([0, expect.any(String)]);
    await using node = await startNode(["--ephemeral"], { cwd: trap, program: made });
    expect(await (await fetch(`${node.url}/`)).text()).toBe("a page of the site");
    expect(await Bun.file(marker).text()).toBe("");
  });
});
