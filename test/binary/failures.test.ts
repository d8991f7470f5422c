/** What goes wrong before a node answers: one message that says what and where, the right exit code, no stack. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type CommandResult,
  createScratch,
  emend,
  isExecutableBuilt,
  runCommand,
  type Scratch,
  testToken,
} from "../support/executable.ts";
import { kitGuest } from "../support/guests.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

/** Root may read every file; without these rights it is a user like others. Undefined where that cannot be had. */
const withoutRights = ((): readonly string[] | undefined => {
  if (process.getuid?.() !== 0) return [];
  const setpriv = Bun.which("setpriv");
  return setpriv === null ? undefined : [setpriv, "--bounding-set=-dac_override,-dac_read_search"];
})();
if (withoutRights === undefined) {
  console.log(
    "failures.test.ts: no test of files without permission: root reads them all, and there is no setpriv",
  );
}

describe.skipIf(!isBuilt)("emend that cannot do what it was asked", () => {
  let scratch: Scratch;
  let taken: Bun.TCPSocketListener;
  beforeAll(() => {
    scratch = createScratch();
    taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    write("plain/public/index.html", "plain");
    write("empty/notes.txt", "no site");
    write("file", "a file");
    write("text.wasm", "not wasm at all");
    write("cut.wasm", kitGuest("c-hello").subarray(0, 400));
    write("import.wasm", kitGuest("bad-env"));
    write("signature.wasm", kitGuest("bad-sig"));
    write("nothing.wasm", kitGuest("bad-empty"));
    write("module-in-site/bad.wasm", "\0asm????");
    write("missing-module/site.toml", '[[route]]\npath = "/"\nmodule = "gone.wasm"\n');
    write("not-toml/site.toml", "[[route]]\npath = \n");
    write(
      "many-errors/site.toml",
      '[[route]]\npath = "no-slash"\nmodul = "x.wasm"\nmethods = ["FETCH IT"]\ntimeout_ms = -5\n[assets]\nspa = "yes"\n',
    );
    write("many-errors.toml", '[server]\naddr = "nowhere"\nthreds = 2\n[[site]]\nname = "a"\nhosts = "*"\n');
    write("not-toml.toml", "[server\n");
    write("two-sites.toml", two);
    write("no-key.toml", '[server]\ntls = { cert = "none.pem", key = "none.pem" }\n');
    write("damaged-state/token", "something else\n");
    chmodSync(join(scratch.path, "damaged-state/token"), 0o600);
    write("open-state/token", `emend_${"a".repeat(43)}\n`);
    chmodSync(join(scratch.path, "open-state/token"), 0o644);
    write("leads-out/public/index.html", "x");
    symlinkSync("/etc/hostname", join(scratch.path, "leads-out/public/out.txt"));
    write("closed/public/index.html", "x");
    chmodSync(join(scratch.path, "closed/public"), 0o000);
    write("closed.wasm", kitGuest("c-hello"));
    chmodSync(join(scratch.path, "closed.wasm"), 0o000);
    mkdirSync(join(scratch.path, "closed-state"), { mode: 0o555 });
  });
  afterAll(() => {
    chmodSync(join(scratch.path, "closed/public"), 0o700);
    scratch[Symbol.dispose]();
    taken.stop(true);
  });

  const two = ["a", "b"].map((name) => `[[site]]\nname = "${name}"\nhosts = ["${name}.test"]\n`).join("");

  function write(path: string, contents: string | Uint8Array): void {
    const file = join(scratch.path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }

  const run = (args: readonly string[], env = { EMEND_TOKEN: testToken }): Promise<CommandResult> =>
    runCommand(args, { cwd: scratch.path, env });

  /** Exit code, nothing on stdout, and one message of ours without a stack. */
  function expectFailure({ exitCode, stdout, stderr }: CommandResult, expected: number, words: RegExp): void {
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stderr).not.toMatch(/\bsrc\/|\$bunfs|Error:/);
    expect(stderr.match(/^(emend|error): /gm)).toHaveLength(1);
    expect([exitCode, stdout]).toEqual([expected, ""]);
  }

  const free = ["--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ephemeral"];

  const failures: [what: string, args: string[], exitCode: number, words: RegExp][] = [
    ["a directory that is not there", ["none"], 1, /none: it does not exist/],
    ["a directory that is a file", ["file"], 1, /file: expected a directory, found a file/],
    ["a directory without a site", ["empty"], 1, /empty holds no site: expected site\.toml/],
    ["a link that leads out of the site", ["leads-out"], 1, /out\.txt: a symbolic link must stay inside/],
    ["a site.toml that is no TOML", ["not-toml"], 1, /site\.toml/],
    ["a route to a module that is not there", ["missing-module"], 1, /gone\.wasm/],
    ["a module of a site that is none", ["module-in-site"], 1, /site default: bad\.wasm/],
    ["a module that is not there", ["--preload", "none.wasm"], 1, /none\.wasm: it does not exist/],
    ["a module that is a text", ["--preload", "text.wasm"], 1, /text\.wasm: .*magic/],
    ["a module that is cut short", ["--preload", "cut.wasm"], 1, /cut\.wasm/],
    ["a module with a foreign import", ["--preload", "import.wasm"], 1, /import\.wasm: .*env/],
    ["a module with a wrong signature", ["--preload", "signature.wasm"], 1, /signature\.wasm: .*expected/],
    ["a module without a start", ["--preload", "nothing.wasm"], 1, /nothing\.wasm: .*_start/],
    ["a directory and a module", ["plain", "--preload", "cut.wasm"], 2, /not both/],
    ["a directory for two sites", ["plain", "--config", "two-sites.toml"], 2, /2 sites/],
    ["a configuration that is not there", ["--config", "none.toml"], 1, /none\.toml/],
    ["a configuration that is no TOML", ["--config", "not-toml.toml"], 1, /not-toml\.toml/],
    ["a certificate that is not there", ["--config", "no-key.toml"], 1, /none\.pem/],
    ["no number of threads", ["--threads", "many"], 2, /--threads many/],
    ["more threads than there are", ["--threads", "2"], 2, /--threads 2/],
    ["an unknown log format", ["--log", "xml"], 2, /--log xml: expected text or json/],
    ["an address that is none", ["--addr", "localhost"], 2, /--addr "localhost": expected HOST:PORT/],
    ["a port that is none", ["--addr", "127.0.0.1:65536"], 2, /--addr/],
    ["an admin address that is none", ["--admin", "on"], 2, /--admin "on"/],
    ["an address of another machine", ["--addr", "192.0.2.1:0"], 1, /192\.0\.2\.1:0: .*--addr/],
    ["a host that nobody knows", ["--admin", "none.invalid:0"], 1, /none\.invalid:0: .*--admin/],
    ["an option that it does not have", ["--port", "80"], 2, /unknown option '--port'/],
    ["an option without its value", ["plain", "--addr"], 2, /--addr/],
    ["two directories", ["plain", "empty"], 2, /too many arguments/],
  ];
  for (const [what, args, exitCode, words] of failures) {
    test(`refuses ${what}`, async () => {
      expectFailure(await run(["serve", ...free, ...args]), exitCode, words);
    });
  }

  test.each(["--addr", "--admin"])("names the address of %s that another program has", async (option) => {
    const result = await run(["serve", ...free, option, `127.0.0.1:${taken.port}`]);
    expectFailure(result, 1, new RegExp(`127\\.0\\.0\\.1:${taken.port}: another program.* ${option}\n`));
  });

  test("lists every error of a site.toml and of an emend.toml at once", async () => {
    const site = await run(["serve", ...free, "many-errors"]);
    expect([site.exitCode, site.stdout]).toEqual([1, ""]);
    for (const words of [/path/, /did you mean "?module/, /methods/, /timeout_ms/, /spa/]) {
      expect(site.stderr).toMatch(words);
    }
    const node = await run(["serve", ...free, "--config", "many-errors.toml"]);
    expect([node.exitCode, node.stdout]).toEqual([1, ""]);
    for (const words of [/addr/, /did you mean "?threads/, /hosts/]) expect(node.stderr).toMatch(words);
    for (const { stderr } of [site, node]) expect(stderr).not.toMatch(/^ {4}at /m);
  });

  const states: [what: string, dir: string, words: RegExp][] = [
    ["is a file", "file", /file.*a file is in its place/],
    ["is below a file", "file/state", /file\/state/],
    ["has a damaged token", "damaged-state", /damaged-state\/token is damaged/],
    ["shows its token to everybody", "open-state", /mode 644, expected 600/],
  ];
  for (const [what, dir, words] of states) {
    test(`refuses a state directory that ${what}, and names the ways out`, async () => {
      const args = ["serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state", dir];
      const result = await runCommand(args, { cwd: scratch.path });
      expectFailure(result, 1, words);
      expect(result.stderr).toContain("--ephemeral");
    });
  }

  describe.skipIf(withoutRights === undefined)("for want of permission", () => {
    const refused: [what: string, args: string[], words: RegExp][] = [
      ["a directory", ["closed", "--ephemeral"], /closed\/public: permission denied/],
      ["a module", ["--preload", "closed.wasm", "--ephemeral"], /closed\.wasm: permission denied/],
      ["a state directory", ["--state", "closed-state"], /closed-state.*--ephemeral/],
    ];
    for (const [what, args, words] of refused) {
      test(`refuses ${what}`, async () => {
        const [program, ...before] = [...withoutRights!, emend];
        const serve = ["serve", "--addr", "127.0.0.1:0", "--admin", "off", ...args];
        const options = { cwd: scratch.path, env: { EMEND_TOKEN: testToken }, program: program! };
        expectFailure(await runCommand([...before, ...serve], options), 1, words);
      });
    }
  });

  test.each(["", "short", "with a space in it"])(
    "refuses the EMEND_TOKEN %p without repeating it",
    async (token) => {
      const result = await run(["serve", ...free], { EMEND_TOKEN: token });
      expectFailure(result, 2, /EMEND_TOKEN: expected 16 to 512/);
      if (token !== "") expect(result.stderr).not.toContain(token);
    },
  );

  const commands: [args: string[], exitCode: number, words: RegExp][] = [
    [["srve"], 2, /unknown command 'srve'/],
    [["--no-such-option"], 2, /unknown option '--no-such-option'/],
    [["inspect"], 2, /expected a FILE/],
    [["inspect", "--abi", "none"], 2, /found both/],
    [["inspect", "none"], 1, /none/],
    [["config", "check", "none.toml"], 1, /none\.toml/],
    [["config", "schema", "sites"], 2, /sites/],
    [["token", "--state", "plain"], 1, /no operator token/],
    [["init", "plain"], 1, /expected an empty directory/],
    [["init", "x", "--lang", "cobol"], 2, /cobol/],
  ];
  for (const [args, exitCode, words] of commands) {
    test(`refuses emend ${args.join(" ")}`, async () => {
      expectFailure(await run(args), exitCode, words);
    });
  }
});
