/** The executable makes the next one: `emend build` and `emend inspect` of `dist/emend`, without Bun or a network. */
import { afterAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const emend = join(import.meta.dir, "../../dist/emend");
const isBuilt = existsSync(emend);
if (!isBuilt) console.log("test/binary/build.test.ts is skipped: there is no dist/emend (npm run build)");

const scratch = mkdtempSync(join(tmpdir(), "emend-build-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a program in an empty directory, with nothing in its environment that could help it. */
function run(program: string, ...args: string[]): { exitCode: number; stdout: string; stderr: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...args], { cwd: scratch, env: { PATH: "" } });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

function siteAt(name: string): string {
  const root = join(scratch, name);
  mkdirSync(join(root, "public"), { recursive: true });
  writeFileSync(join(root, "public/index.html"), "<h1>binary test</h1>");
  writeFileSync(join(root, "public/large.bin"), Buffer.alloc(5_000_000, "large "));
  writeFileSync(join(root, "public/.env"), "SECRET=1");
  writeFileSync(join(root, "site.toml"), "");
  return root;
}

describe.skipIf(!isBuilt)("emend build", () => {
  const site = siteAt("site");
  const made = join(scratch, "made");

  test("writes an executable that carries the site, and inspect lists it", () => {
    const built = run(emend, "build", site, "-o", made, "--json");
    expect([built.exitCode, built.stderr]).toEqual([0, ""]);
    const report = JSON.parse(built.stdout);
    expect(report.bytes).toBe(statSync(made).size);
    expect(report.leftOut).toEqual([{ path: "public/.env", reason: "a dotfile" }]);
    const inspected = run(made, "inspect", made, "--json");
    expect([inspected.exitCode, inspected.stderr]).toEqual([0, ""]);
    const found = JSON.parse(inspected.stdout);
    expect(found.digest).toBe(report.digest);
    expect(found.files.map(({ path }: { path: string }) => path)).toEqual([
      "public/index.html",
      "public/large.bin",
      "site.toml",
    ]);
    expect(readFileSync(made).includes("SECRET=1")).toBe(false);
  });

  test("makes the same executable from one that was made", () => {
    const again = join(scratch, "again");
    expect(run(made, "build", site, "-o", again).exitCode).toBe(0);
    expect(readFileSync(again).equals(readFileSync(made))).toBe(true);
  });

  test("replaces the executable that is running", () => {
    const self = join(scratch, "self");
    copyFileSync(made, self);
    writeFileSync(join(site, "public/index.html"), "<h1>changed</h1>");
    const built = run(self, "build", site, "-o", self, "--json");
    expect([built.exitCode, built.stderr]).toEqual([0, ""]);
    const inspected = JSON.parse(run(self, "inspect", self, "--json").stdout);
    expect(inspected.digest).toBe(JSON.parse(built.stdout).digest);
  });

  test("--list writes nothing", () => {
    const listed = run(emend, "build", site, "--list");
    expect(listed.stdout).toMatch(/ {2}5000000 {2}public\/large\.bin\n/);
    expect(listed.exitCode).toBe(0);
  });

  const refused: [what: string, args: string[], exitCode: number, message: RegExp][] = [
    ["no output", ["build", site], 2, /expected -o FILE \(or --list\)/],
    [
      "a base that is a text",
      ["build", site, "-o", "x", "--base", join(site, "site.toml")],
      1,
      /expected an executable/,
    ],
    [
      "a base that is another program",
      ["build", site, "-o", "x", "--base", "/bin/sh"],
      1,
      /not made by emend build/,
    ],
    ["a directory that is not there", ["build", "none", "-o", "x"], 1, /none: it does not exist/],
  ];
  for (const [what, args, exitCode, message] of refused) {
    test(`refuses ${what}`, () => {
      const { stderr, ...result } = run(emend, ...args);
      expect(result).toEqual({ exitCode, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(existsSync(join(scratch, "x"))).toBe(false);
    });
  }
});

describe.skipIf(!isBuilt)("an executable whose payload is damaged", () => {
  const damages: [what: string, damage: (file: string) => void, message: RegExp][] = [
    ["cut short", (file) => truncateSync(file, statSync(file).size - 100), /expected emend's trailer/],
    [
      "altered",
      (file) => {
        const bytes = readFileSync(file);
        bytes[bytes.lastIndexOf("<h1>")]! ^= 1;
        writeFileSync(file, bytes);
      },
      /the embedded public\/index\.html is damaged: expected SHA-256/,
    ],
  ];
  for (const [what, damage, message] of damages) {
    test(`says so at start: ${what}`, () => {
      const file = join(scratch, `damaged-${what}`);
      expect(run(emend, "build", siteAt(`site-${what}`), "-o", file).exitCode).toBe(0);
      damage(file);
      const { exitCode, stdout, stderr } = run(
        file,
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--admin",
        "off",
        "--ephemeral",
      );
      expect([exitCode, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(message);
      expect(stderr).toContain(file);
      expect(stderr).not.toMatch(/\n\s+at /);
    });
  }
});
