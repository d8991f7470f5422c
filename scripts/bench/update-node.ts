/** A node under updates: started with directories of releases, pushed to over its admin API, looked at from inside. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keys } from "../../test/support/signed-patches.ts";
import { type Files, publish } from "../../test/support/update-node.ts";
import { type Child, freePort, heldMb, startChild } from "./child.ts";
import { emend, scratch } from "./peers.ts";

const token = "emend_bench_update_0123456789abcdefghijklmnopqrstuvwx";

/** What the admin API answers to a push, as far as it is looked at. */
export interface Push {
  readonly to: string;
  readonly bytes: { readonly patch: number };
  readonly ms: Readonly<
    Record<"verify" | "apply" | "compile" | "probe" | "store" | "swap" | "total", number>
  >;
  /** From the first byte sent to the answer. */
  readonly wallMs: number;
  /** When it was sent, milliseconds since 1970. */
  readonly atMs: number;
}

/** A time in which the serving thread did not come to a turn. */
export interface Pause {
  readonly atMs: number;
  readonly lateMs: number;
  /** Of it, what the thread was at work itself. */
  readonly ranMs: number;
}

export interface UpdateNode {
  readonly child: Child;
  /** Puts what `to` is in place of what `from` is. */
  readonly update: (from: Files, to: Files, site?: string) => Promise<Push>;
  readonly send: (patch: Uint8Array, site?: string) => Promise<Push>;
  /** Waits until nothing is left over from updates, and has garbage collected. Megabytes that are resident then. */
  readonly settledMb: () => Promise<number>;
  /** Pauses between two moments. */
  readonly pauses: (fromMs: number, toMs: number) => Pause[];
  readonly call: (method: string, path: string) => Promise<unknown>;
}

let nodes = 0;

/** Starts a node whose sites begin with these files. Hosts: NAME.test, and everything else for the first one. */
export async function startUpdateNode(
  sites: Readonly<Record<string, Files>>,
  path: string,
): Promise<UpdateNode> {
  const dir = join(scratch, `node-${++nodes}`);
  const tables = Object.entries(sites).map(([name, files], i) => {
    writeRelease(join(dir, name), files);
    const hosts = i === 0 ? `"${name}.test", "127.0.0.1"` : `"${name}.test"`;
    return `[[site]]\nname = "${name}"\nhosts = [${hosts}]\ndir = "${join(dir, name)}"\nkeys = ["${keys.alice.publicKey.text}"]\nkeep_releases = 2\nwatch = { window_s = 1 }\n`;
  });
  const config = join(dir, "emend.toml");
  writeFileSync(config, tables.join(""));
  return await startWith(["--config", config], path, dir);
}

/** Starts a node with arguments of its own. */
export async function startWith(args: readonly string[], path: string, dir: string): Promise<UpdateNode> {
  const admin = `127.0.0.1:${freePort()}`;
  const loop = join(dir, "loop");
  writeFileSync(loop, "");
  const command = emend("emend", args, path);
  const child = await startChild({
    ...command,
    argv: [...command.argv, "--admin", admin, "--state", join(dir, "state")],
    env: {
      EMEND_TOKEN: token,
      BUN_OPTIONS: `--preload=${join(import.meta.dir, "loop-probe.ts")}`,
      EMEND_BENCH_LOOP: loop,
    },
  });
  const headers = { authorization: `Bearer ${token}` };
  const call = async (method: string, to: string, body?: Blob): Promise<unknown> => {
    const response = await fetch(`http://${admin}${to}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${to}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const send = async (patch: Uint8Array, site = "default"): Promise<Push> => {
    const atMs = performance.timeOrigin + performance.now();
    const answer = await call("POST", `/v1/sites/${site}/patches`, new Blob([new Uint8Array(patch)]));
    const wallMs = performance.timeOrigin + performance.now() - atMs;
    return { ...(answer as Omit<Push, "wallMs" | "atMs">), wallMs, atMs };
  };
  return {
    child,
    send,
    update: async (from, to, site = "default") => await send(await publish(from, to, { site }), site),
    settledMb: () => settledMb(child.pid),
    pauses: (fromMs, toMs) =>
      readFileSync(loop, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => {
          const [atMs = 0, lateMs = 0, ranMs = 0] = line.split(" ").map(Number);
          return { atMs, lateMs, ranMs };
        })
        .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs),
    call,
  };
}

/** The update thread ends after ten seconds without work, the watch of a release after one. */
async function settledMb(pid: number): Promise<number> {
  await Bun.sleep(13_000);
  for (let i = 0; i < 3; i++) {
    process.kill(pid, "SIGUSR2");
    await Bun.sleep(700);
  }
  return heldMb(pid);
}

function writeRelease(dir: string, files: Files): void {
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), data);
  }
}
