/**
 * `npm run smoke:arm64`: builds the executable for linux-arm64, starts it and asks it for the page and for its
 * handlers. On another processor it runs under qemu-user, with Debian's cross C library as its system; where these
 * two are missing, root on a system with apt installs them, and anybody else is told what was not tried and why.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "./bench/child.ts";

const root = join(import.meta.dir, "..");
const executable = join(root, "dist/emend-linux-arm64");

/** The system that the executable finds: its loader and its C library. */
const sysroot = "/usr/aarch64-linux-gnu";
const packages = ["qemu-user-static", "libc6-arm64-cross"];

/** How to start a program of arm64 here, or why it cannot be. */
type Runner = { readonly argv: readonly string[] } | { readonly missing: string };

/** What is asked for, and what must be in the answer. */
const checks: readonly (readonly [path: string, words: string])[] = [
  ["/", "<title>emend node</title>"],
  ["/style.css", "color-scheme"],
  ["/hello?name=arm64", "Hello, arm64!\nRequests I have seen: 1\n"],
  // Twice: the second request is answered by an instance that was put back.
  ["/hello?name=again", "Hello, again!\nRequests I have seen: 1\n"],
  ["/seal?of=0123456789ab", "<svg "],
  // A guest that sleeps suspends its stack, which the engine does by code of its own for each processor.
  ["/stream?n=3&ms=50", '"tick":3'],
];

process.exitCode = await main();

async function main(): Promise<number> {
  const runner = await findRunner();
  if ("missing" in runner) {
    console.log(`skipped: linux-arm64 was not started: ${runner.missing}`);
    return 0;
  }
  run([process.execPath, join(root, "scripts/build.ts"), "--target", "linux-arm64"]);
  const serve = ["serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ephemeral", "--log", "json"];
  const node = await startChild({
    name: "emend-linux-arm64",
    argv: [...runner.argv, executable, ...serve],
    path: "/",
  });
  try {
    const base = new URL(node.url).origin;
    for (const [path, words] of checks) await check(`${base}${path}`, words);
    await checkEcho(`${base}/echo`);
  } finally {
    await node.stop();
  }
  console.log(`linux-arm64 answers, started with: ${runner.argv.join(" ") || "nothing in between"}`);
  return 0;
}

async function check(url: string, words: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (response.status !== 200 || !text.includes(words)) {
    throw new Error(`${url}: expected 200 and ${JSON.stringify(words)}, got ${response.status} ${text}`);
  }
  const release = response.headers.get("x-emend-release");
  console.log(
    `${new URL(url).pathname}: ${response.status}, ${text.length} characters of release ${release}`,
  );
}

async function checkEcho(url: string): Promise<void> {
  const sent = crypto.getRandomValues(new Uint8Array(60_000));
  const response = await fetch(url, { method: "POST", body: sent, signal: AbortSignal.timeout(30_000) });
  const back = new Uint8Array(await response.arrayBuffer());
  if (!Buffer.from(back).equals(sent)) throw new Error(`${url}: expected ${sent.length} bytes back as sent`);
  console.log(`/echo: ${response.status}, ${back.length} bytes there and back`);
}

async function findRunner(): Promise<Runner> {
  if (process.platform !== "linux") return { missing: `this is ${process.platform}; it takes Linux` };
  if (process.arch === "arm64") return { argv: [] };
  const found = findEmulator();
  if (found !== undefined) return { argv: found };
  const reason = install();
  if (reason !== undefined) return { missing: reason };
  const installed = findEmulator();
  return installed === undefined
    ? { missing: `${packages.join(" and ")} are installed, but not where they were expected` }
    : { argv: installed };
}

function findEmulator(): readonly string[] | undefined {
  const emulator = Bun.which("qemu-aarch64-static") ?? Bun.which("qemu-aarch64");
  const loader = join(sysroot, "lib/ld-linux-aarch64.so.1");
  return emulator === null || !existsSync(loader) ? undefined : [emulator, "-L", sysroot];
}

/** Installs the packages. Returns why that was not possible. */
function install(): string | undefined {
  const wanted = `it takes ${packages.join(" and ")}`;
  if (Bun.which("apt-get") === null) return `${wanted}, and there is no apt-get to install them with`;
  if (process.getuid?.() !== 0) return `${wanted}; apt-get install ${packages.join(" ")} needs root`;
  try {
    run(["apt-get", "update", "-qq"]);
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...packages]);
    return undefined;
  } catch (error) {
    return `${wanted}; ${error instanceof Error ? error.message : error}`;
  }
}

function run(command: readonly string[]): void {
  const { exitCode } = Bun.spawnSync([...command], { stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) throw new Error(`${command.slice(0, 2).join(" ")} ended with ${exitCode}`);
}
