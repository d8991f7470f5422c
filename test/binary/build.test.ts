/** The executable makes the next one: `emend build` and `emend inspect` of `dist/emend`, without Bun or a network. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
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
import { generateKeyPair, publicKeyFile } from "../../src/signing/index.ts";
import { emend, isExecutableBuilt, startNode } from "../support/executable.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

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

  test("puts the operator's keys in, and says when it leaves out those of its base", () => {
    const [keyed, next] = [join(scratch, "keyed"), join(scratch, "next")];
    const [first, second] = [generateKeyPair().publicKey, generateKeyPair().publicKey];
    writeFileSync(join(scratch, "second.pub"), publicKeyFile(second));
    const built = run(
      emend,
      "build",
      site,
      "-o",
      keyed,
      "--key",
      first.text,
      "--key",
      "second.pub",
      "--json",
    );
    expect([built.exitCode, built.stderr]).toEqual([0, ""]);
    expect(JSON.parse(built.stdout).operatorKeys).toEqual([first.text, second.text]);
    expect(run(emend, "inspect", keyed).stdout).toContain(
      `operator keys, which may patch it: ${first.text} ${second.text}\n`,
    );
    const again = run(keyed, "build", site, "-o", next, "--key", second.text);
    expect([again.exitCode, again.stderr]).toEqual([0, expect.stringContaining("not taken over: keys of ")]);
    expect(JSON.parse(run(emend, "inspect", next, "--json").stdout).operatorKeys).toEqual([second.text]);
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
    ["a key that is none", ["build", site, "-o", "x", "--key", `RW${"A".repeat(54)}`], 1, /--key RWA+: /],
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
  const file = join(scratch, "damaged");
  /** What lies behind the program, as it was written, and where it begins. */
  let tail: Buffer;
  let tailOffset: number;
  beforeAll(() => {
    expect(run(emend, "build", siteAt("site-to-damage"), "-o", file).exitCode).toBe(0);
    const bytes = readFileSync(file);
    tailOffset = Number(bytes.readBigUInt64LE(bytes.length - 32));
    tail = Buffer.from(bytes.subarray(tailOffset));
  });

  function writeTail(damaged: Buffer): void {
    truncateSync(file, tailOffset);
    appendFileSync(file, damaged);
  }

  /** Changes one bit of the byte that `where` finds; the trailer is the last 64 bytes. */
  const flip = (where: (bytes: Buffer) => number) => (bytes: Buffer) => {
    const at = where(bytes);
    bytes[at]! ^= 1;
    return bytes;
  };
  const beforeEnd = (count: number) => flip((bytes) => bytes.length - count);

  const damages: [what: string, damage: (bytes: Buffer) => Buffer, message: RegExp][] = [
    ["cut by a byte", (bytes) => bytes.subarray(0, -1), /expected emend's trailer in the last 64/],
    ["cut inside the index", (bytes) => bytes.subarray(0, -100), /expected emend's trailer/],
    ["cut inside the payload", (bytes) => bytes.subarray(0, -4_000_000), /expected emend's trailer/],
    ["longer than it was", (bytes) => Buffer.concat([bytes, Buffer.alloc(3)]), /something was appended/],
    [
      "altered in a small file",
      flip((bytes) => bytes.lastIndexOf("<h1>")),
      /the embedded public\/index\.html is damaged: expected SHA-256/,
    ],
    [
      "altered in the index",
      flip((bytes) => bytes.lastIndexOf('"sha256"')),
      /the index of the embedded site is damaged: expected SHA-256/,
    ],
    ["altered in the hash of the index", beforeEnd(64), /the index of the embedded site is damaged/],
    ["altered in the length of the runtime", beforeEnd(32), /should end at byte \d+/],
    ["altered in the place of the index", beforeEnd(24), /index of the embedded site is damaged/],
    ["altered in the place of the index, far", beforeEnd(17), /trailer of the embedded site is damaged/],
    ["altered in the version of its format", beforeEnd(16), /expected an embedded site of format 1/],
    ["altered in its last byte", beforeEnd(1), /expected emend's trailer/],
  ];
  for (const [what, damage, message] of damages) {
    test(`says so at start: ${what}`, () => {
      writeTail(damage(Buffer.from(tail)));
      for (const args of [
        ["serve", "--addr", "127.0.0.1:0", "--admin", "off", "--ephemeral"],
        ["inspect", file],
      ]) {
        const { exitCode, stdout, stderr } = Bun.spawnSync([file, ...args], {
          cwd: scratch,
          env: { PATH: "", EMEND_TOKEN: "a-token-that-is-long-enough" },
        });
        expect([exitCode, stdout.toString()]).toEqual([1, ""]);
        expect(stderr.toString()).toMatch(message);
        expect(stderr.toString()).toStartWith(`emend: ${file}: `);
        expect(stderr.toString()).not.toMatch(/\n\s+at /);
      }
    });
  }

  test("answers 503 to who asks for a large file that was altered, says why, and serves the rest", async () => {
    writeTail(flip((bytes) => bytes.indexOf("large large") + 3_000_000)(Buffer.from(tail)));
    await using node = await startNode(["--ephemeral"], { program: file });
    expect((await fetch(`${node.url}/`)).status).toBe(200);
    const large = await fetch(`${node.url}/large.bin`);
    expect([large.status, (await large.text()).length < 100]).toEqual([503, true]);
    const { message } = await node.record(({ event }) => event === "problem");
    expect(message).toContain("large.bin");
    expect(message).toContain("expected SHA-256");
    expect((await fetch(`${node.url}/`)).status).toBe(200);
    expect(await node.stop()).toBe(0);
  });
});
