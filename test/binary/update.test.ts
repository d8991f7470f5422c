/** The whole way of a release, with the executable alone: hello → change → patch → push → see it → rollback. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  emend,
  isExecutableBuilt,
  type NodeProcess,
  runCommand,
  startNode,
  testToken,
} from "../support/executable.ts";
import { waitFor } from "../support/serve-sites.ts";

const isBuilt = isExecutableBuilt(import.meta.path);
const repository = join(import.meta.dir, "../..");
const scratch = mkdtempSync(join(tmpdir(), "emend-update-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const env = { EMEND_TOKEN: testToken };

/** Runs a command that has to end well, and gives what it printed. */
async function run(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(args, { cwd: scratch, env });
  expect([args[0], exitCode, stderr]).toEqual([args[0], 0, expect.any(String)]);
  return stdout;
}

/** What a refused command says last. */
async function refusal(...args: string[]): Promise<string | undefined> {
  const { exitCode, stderr } = await runCommand(args, { cwd: scratch, env });
  expect(exitCode).toBe(3);
  return stderr.trimEnd().split(" ").at(-1);
}

async function page(node: NodeProcess, path = "/"): Promise<string> {
  return (await fetch(node.url + path)).text();
}

describe.skipIf(!isBuilt)("a release on its way", () => {
  test("from an executable with a key in it, to a node, and back", async () => {
    await run("init", "site");
    await run("keygen", "-o", "deploy", "--no-passphrase");
    await run("build", "site", "-o", "node", "--key", "deploy.pub");
    const start = (): Promise<NodeProcess> =>
      startNode(["--state", join(scratch, "state")], { program: join(scratch, "node"), cwd: scratch, env });
    cpSync(join(scratch, "site"), join(scratch, "v2"), { recursive: true });
    writeFileSync(join(scratch, "v2/public/index.html"), "<h1>the second</h1>");
    cpSync(join(scratch, "v2"), join(scratch, "v3"), { recursive: true });
    writeFileSync(join(scratch, "v3/public/index.html"), "<h1>the third</h1>");
    let first: string;
    {
      await using node = await start();
      const to = ["--to", node.ready.admin!];
      first = await page(node);
      await run("patch", "--from", "node", "--to", "v2", "--key", "deploy.key", "-o", "v2.emend");
      expect(await run("push", "v2.emend", ...to, "--dry-run")).toContain("nothing was changed");
      expect(await page(node)).toBe(first);
      expect(await run("push", "v2.emend", ...to)).toContain("it answers from now on");
      expect(await page(node)).toBe("<h1>the second</h1>");
      expect(await page(node, "/hello?name=you")).toContain("Hello, you");
      expect(await refusal("push", "v2.emend", ...to)).toBe("patch.replayed");
      // From the node itself.
      await run("patch", "--from", node.ready.admin!, "--to", "v3", "--key", "deploy.key", "-o", "v3.emend");
      const pushed = JSON.parse(await run("push", "v3.emend", ...to, "--json"));
      expect(await page(node)).toBe("<h1>the third</h1>");
      expect(JSON.parse(await run("rollback", ...to, "--json"))).toMatchObject({
        from: pushed.to,
        to: pushed.from,
      });
      expect(await page(node)).toBe("<h1>the second</h1>");
      const status = JSON.parse(await run("status", ...to, "--json"));
      expect(status.sites[0]).toMatchObject({ release: pushed.from, floor: pushed.sequence });
      expect(status.sites[0].releases).toHaveLength(3);
      await node.stop();
    }
    // What was acknowledged is there after a restart, and every earlier release too.
    await using node = await start();
    const to = ["--to", node.ready.admin!];
    expect(await page(node)).toBe("<h1>the second</h1>");
    const base = JSON.parse(await run("inspect", "node", "--json")).digest.slice("sha256:".length, 20);
    expect(await run("rollback", ...to, "--release", base, "--insist")).toContain("rolled back");
    expect(await page(node)).toBe(first);
    expect(await refusal("canary", "promote", ...to)).toBe("canary.none");
    expect(await refusal("reload", ...to)).toBe("request.malformed");
  });

  test("is refused by a node that does not trust its key", async () => {
    await run("keygen", "-o", "mallory", "--no-passphrase");
    await run("patch", "--from", "node", "--to", "v2", "--key", "mallory.key", "-o", "evil.emend");
    await using node = await startNode(["--ephemeral"], {
      program: join(scratch, "node"),
      cwd: scratch,
      env,
    });
    expect(await refusal("push", "evil.emend", "--to", node.ready.admin!)).toBe("patch.unknown-key");
    await run(
      "patch",
      "--from",
      "node",
      "--to",
      "v2",
      "--key",
      "deploy.key",
      "-o",
      "other.emend",
      "--site",
      "shop",
    );
    expect(await refusal("push", "other.emend", "--to", node.ready.admin!)).toBe("patch.wrong-site");
  });

  test("is told in events while it happens", async () => {
    await using node = await startNode(["--ephemeral"], {
      program: join(scratch, "node"),
      cwd: scratch,
      env,
    });
    const events = Bun.spawn([emend, "events", "--to", node.ready.admin!, "--json"], {
      ...{ env: { PATH: "", ...env }, stdio: ["ignore", "pipe", "pipe"] as const },
    });
    let seen = "";
    const reading = (async () => {
      for await (const piece of events.stdout) seen += Buffer.from(piece).toString();
    })();
    try {
      await run("patch", "--from", "node", "--to", "v2", "--key", "deploy.key", "-o", "told.emend");
      // The stream is open when something of it has been seen; a refusal is the cheapest event there is.
      await waitFor(
        "the stream",
        async () => {
          await refusal("push", "evil.emend", "--to", node.ready.admin!);
          return seen.includes("patch.unknown-key") || undefined;
        },
        10_000,
      );
      await run("push", "told.emend", "--to", node.ready.admin!);
      await waitFor("the commit", () => seen.includes('"event":"committed"') || undefined, 5000);
    } finally {
      events.kill();
      await reading;
    }
    const kinds = seen
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).event);
    expect(kinds.slice(-2)).toEqual(["staged", "committed"]);
  });

  test("reload swaps in a changed module of a directory", async () => {
    cpSync(join(scratch, "site"), join(scratch, "served"), { recursive: true });
    await using node = await startNode(["served", "--ephemeral"], { cwd: scratch, env });
    expect(await page(node, "/hello?name=you")).toContain("Hello, you");
    cpSync(join(repository, "assets/echo.wasm"), join(scratch, "served/hello.wasm"));
    const { checksum } = JSON.parse(await run("reload", "hello.wasm", "--to", node.ready.admin!, "--json"));
    expect(checksum).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await page(node, "/hello?name=you")).toContain("REQUEST_METHOD=GET");
  });
});

const demo = ["emend", "pub"].map((ending) => join(repository, `patches/v1-v2.${ending}`));

describe.skipIf(!isBuilt || !demo.every(existsSync))("the demonstration patch", () => {
  test("changes the embedded site, and a rollback brings it back", async () => {
    const [patch, key] = demo as [string, string];
    await using node = await startNode(["--ephemeral", "--key", key], { env });
    const to = ["--to", node.ready.admin!];
    expect(await page(node)).toContain("answering");
    expect(await run("push", patch, ...to)).toContain("it answers from now on");
    expect(await page(node)).toContain("This node was <em>emended</em>.");
    expect(await page(node, "/hello?name=you")).toContain("Welcome, you!");
    expect(await page(node, "/emended.css")).toContain("Green");
    await run("rollback", ...to);
    expect(await page(node)).toContain("answering");
    expect((await fetch(`${node.url}/emended.css`)).status).toBe(404);
  });

  test("differs from the site in what it demonstrates, and in nothing else", () => {
    const lines = (path: string): string[] => readFileSync(join(repository, path), "utf8").split("\n");
    for (const path of ["handlers/hello.ts", "public/index.html"]) {
      const [before, after] = [lines(`assets/${path}`), lines(`patches/v2/${path}`)];
      expect(before.filter((line) => !after.includes(line)).length).toBeWithin(1, 4);
      expect(after.length - before.length).toBeWithin(0, 2);
    }
  });
});
