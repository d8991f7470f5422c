/**
 * The node's own process under SIGKILL, at swept and at random moments of an update, a rollback, a canary and what
 * follows them in the background; and on disks that are full, read-only, damaged, or somebody else's. After each: the
 * node serves exactly the release before or the one after, whole; its floor is no lower; it takes the next patch.
 *
 * What strace finds in the store alone is swept by store-kills.test.ts; here a sample of the moments of the whole node,
 * every one with `EMEND_LONG=1`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  isExecutableBuilt,
  type NodeProcess,
  runCommand,
  startNode,
  testToken,
} from "../support/executable.ts";
import { kitGuest } from "../support/guests.ts";
import { killAt, type Moment, momentsOf, whyNoAttaching } from "../support/killed-node.ts";
import { createRandom } from "../support/random.ts";
import { waitFor } from "../support/serve-sites.ts";
import { keys } from "../support/signed-patches.ts";
import { whyNoStrace } from "../support/system-calls.ts";
import { type Files, publish, releaseOf } from "../support/update-node.ts";

const isBuilt = isExecutableBuilt(import.meta.path);
const isLong = Bun.env.EMEND_LONG === "1";
/** Each so-manieth moment of a step that is swept, and how many random ones. */
const [stride, randomKills] = isLong ? [1, 60] : [14, 3];

const random = createRandom();
const noStrace = whyNoStrace() ?? (await whyNoAttaching());
if (noStrace !== null) console.log(`power-cut.test.ts: kills at a call are skipped: ${noStrace}`);
const isRoot = process.getuid?.() === 0;

/** Calls that change a disk, or make changes safe. */
const calls = ["pwrite64", "write", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "openat"];

const release = (name: string): Files => ({
  "public/release.txt": name,
  "public/large.txt": `${name} ${"x".repeat(100)}\n`.repeat(300),
  "hello.wasm": Buffer.concat([kitGuest("c-hello"), Buffer.from([0, 3, 2, 0x72, name.charCodeAt(1)])]),
});
const releases: readonly Files[] = Array.from({ length: 6 }, (_, i) => release(`r${i}`));
const [r0, r1, r2, r3] = releases as [Files, Files, Files, Files];
const names = new Map(releases.map((files, i) => [releaseOf(files).digest, `r${i}`]));
const filesOf = new Map(releases.map((files) => [releaseOf(files).digest, files]));
const digestOf = (files: Files): string => releaseOf(files).digest;

let scratch = "";
/** A state directory in which r1 and then r2 were committed, and one in which r3 is on trial beside r2. */
let [updated, onTrial] = ["", ""];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "emend-cut-"));
  if (!isBuilt) return;
  for (const [path, data] of Object.entries(r0)) write(`site/${path}`, data);
  write(
    "emend.toml",
    `[[site]]\nname = "default"\nhosts = ["*"]\ndir = "site"\nkeys = ["${keys.alice.publicKey.text}"]\nkeep_releases = 1\nwatch = { window_s = 0 }\n[site.canary]\nwindow_s = 86400\n`,
  );
  updated = join(scratch, "updated");
  await using node = await start(updated);
  await push(node, await publish(r0, r1));
  await push(node, await publish(r1, r2));
  await node.stop();
  onTrial = copy(updated);
  await using another = await start(onTrial);
  await push(another, await publish(r2, r3), "?canary=5");
  await another.stop();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function write(path: string, data: string | Uint8Array): void {
  mkdirSync(dirname(join(scratch, path)), { recursive: true });
  writeFileSync(join(scratch, path), data);
}

let copies = 0;
function copy(state: string): string {
  const made = join(scratch, `copy-${++copies}`);
  cpSync(state, made, { recursive: true });
  return made;
}

const start = (state: string): Promise<NodeProcess> =>
  startNode(["--config", join(scratch, "emend.toml"), "--state", state]);

interface Answer {
  readonly http: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they want of it
  readonly body: any;
}

async function call(node: NodeProcess, method: string, path: string, body?: Blob | string): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${testToken}`,
    ...(typeof body === "string" ? { "content-type": "application/json" } : {}),
  };
  const response = await fetch(`${node.ready.admin}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { http: response.status, body: await response.json() };
}

const post = (node: NodeProcess, path: string, body: Blob | string = "{}"): Promise<Answer> =>
  call(node, "POST", `/v1/sites/default/${path}`, body);

async function push(node: NodeProcess, patch: Uint8Array, query = ""): Promise<Answer> {
  const answer = await post(node, `patches${query}`, new Blob([new Uint8Array(patch)]));
  expect(answer).toMatchObject({ http: 200 });
  return answer;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at what they want of it
async function status(node: NodeProcess): Promise<any> {
  return (await call(node, "GET", "/v1/status")).body.sites[0];
}

interface Standing {
  readonly name: string | undefined;
  readonly digest: string;
  readonly floor: number;
  readonly trial: string | undefined;
}

/** What a node serves, when it is whole: its asset, its guest and what it says of itself agree. */
async function standingOf(node: NodeProcess): Promise<Standing> {
  // It answers before it has taken up what a restart interrupted.
  await waitFor("the end of the start", async () => !(await status(node)).busy);
  const { release: digest, floor, canary } = await status(node);
  const name = names.get(digest);
  const trial = canary?.state === "running" ? names.get(canary.release) : undefined;
  for (const path of ["release.txt", "large.txt", "hello"]) {
    const response = await fetch(`${node.url}/${path}`);
    const text = await response.text();
    const header = response.headers.get("x-emend-release");
    const [answered] = [...names].filter(([each]) => each.slice(7, 19) === header);
    expect([path, response.status, [name, trial].includes(answered?.[1])]).toEqual([path, 200, true]);
    const body = filesOf.get(answered![0])![`public/${path}`];
    if (body !== undefined) expect(text).toBe(String(body));
  }
  return { name, digest, floor, trial };
}

/** It takes a patch over what it runs, a canary's end first. */
async function takesTheNext(node: NodeProcess, { digest, floor, trial }: Standing): Promise<void> {
  if (trial !== undefined) expect(await post(node, "canary/abort")).toMatchObject({ http: 200 });
  const next = releases[5]!;
  await push(node, await publish(filesOf.get(digest)!, next));
  const after = await standingOf(node);
  expect(after).toMatchObject({ name: "r5" });
  expect(after.floor).toBeGreaterThan(floor);
}

/** Something that changes what a node serves, and what may be served when it was cut. */
interface Step {
  readonly state: () => string;
  /** Resolves to the status of its answer. */
  readonly act: (node: NodeProcess) => Promise<number>;
  readonly before: Pick<Standing, "name" | "trial">;
  readonly after: Pick<Standing, "name" | "trial">;
}

const [still, none] = [{ name: "r2", trial: undefined }, undefined];
const steps: Readonly<Record<string, Step>> = {
  "an update and the garbage that it makes": {
    state: () => updated,
    act: async (node) => (await post(node, "patches", new Blob([new Uint8Array(await next())]))).http,
    before: still,
    after: { name: "r3", trial: none },
  },
  "a rollback": {
    state: () => updated,
    act: async (node) => (await post(node, "rollback", JSON.stringify({ release: digestOf(r1) }))).http,
    before: still,
    after: { name: "r1", trial: none },
  },
  "the start of a canary": {
    state: () => updated,
    act: async (node) =>
      (await post(node, "patches?canary=5", new Blob([new Uint8Array(await next())]))).http,
    before: still,
    after: { name: "r2", trial: "r3" },
  },
  "a promotion": {
    state: () => onTrial,
    act: async (node) => (await post(node, "canary/promote")).http,
    before: { name: "r2", trial: "r3" },
    after: { name: "r3", trial: none },
  },
  "the end of a canary": {
    state: () => onTrial,
    act: async (node) => (await post(node, "canary/abort")).http,
    before: { name: "r2", trial: "r3" },
    after: still,
  },
};

const next = (): Promise<Uint8Array> => publish(r2, r3);

/** Does a step that is cut, starts the node again and looks at what it serves. */
async function cut(step: Step, what: string, prepare: (node: NodeProcess) => Promise<void>): Promise<void> {
  const state = copy(step.state());
  const node = await start(state);
  const { floor } = await standingOf(node);
  await prepare(node);
  const answer = await step.act(node).catch(() => "nothing" as const);
  // What goes on in the background may be cut as well.
  await Promise.race([node.exited, Bun.sleep(150)]);
  await node.stop("SIGKILL");
  await using again = await start(state);
  const standing = await standingOf(again);
  const { name, trial } = standing;
  const said = `${what}, answered ${answer}`;
  const allowed = answer === 200 ? [step.after] : [step.before, step.after];
  expect(allowed.map((each) => [said, each.name, each.trial])).toContainEqual([said, name, trial]);
  expect(standing.floor).toBeGreaterThanOrEqual(floor);
  await takesTheNext(again, standing);
  await again.stop("SIGKILL");
  rmSync(state, { recursive: true });
}

describe.skipIf(!isBuilt)("a node that is killed in the middle of", () => {
  for (const [name, step] of Object.entries(steps)) {
    test.skipIf(noStrace !== null)(
      `${name}, at a call, is as before or as after`,
      async () => {
        const node = await start(copy(step.state()));
        await standingOf(node);
        const moments = await momentsOf(node, calls, async () => {
          expect(await step.act(node)).toBe(200);
          await Bun.sleep(200);
        });
        expect(moments.length).toBeGreaterThan(5);
        const first = random.below(stride);
        const chosen = moments.filter((_, i) => i % stride === first);
        for (const moment of chosen) {
          await cut(step, `killed at ${say(moment)}`, (killed) => killAt(killed, moment));
        }
        console.log(`${name}: killed at ${chosen.map(say).join(", ")} of ${moments.length} moments`);
      },
      isLong ? 1_800_000 : 120_000,
    );

    test(
      `${name}, at any time, is as before or as after (EMEND_SEED=${random.seed})`,
      async () => {
        for (let i = 0; i < randomKills; i++) {
          const afterMs = random.below(60);
          await cut(step, `killed after ${afterMs} ms`, async (node) => {
            setTimeout(() => node.signal("SIGKILL"), afterMs);
          });
        }
      },
      isLong ? 600_000 : 60_000,
    );
  }
});

const say = ([name, k]: Moment): string => `${name} ${k}`;

/** A small file system of its own. */
function mountSmall(bytes: number): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(join(scratch, "small-"));
  const made = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", dir]);
  if (made.exitCode !== 0) throw new Error(`mount: ${made.stderr}`);
  return { dir, [Symbol.dispose]: () => void Bun.spawnSync(["umount", "-l", dir]) };
}

function whyNoMounts(): string | null {
  if (process.platform !== "linux" || !isRoot) return "only root may mount a small disk";
  const dir = mkdtempSync(join(tmpdir(), "emend-mount-"));
  const tried = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=65536", "tmpfs", dir]);
  if (tried.exitCode === 0) Bun.spawnSync(["umount", dir]);
  rmSync(dir, { recursive: true });
  return tried.exitCode === 0 ? null : `mounting does not work here: ${tried.stderr.toString().trim()}`;
}

const noMounts = whyNoMounts();
if (noMounts !== null) console.log(`power-cut.test.ts: a full disk is skipped: ${noMounts}`);

describe.skipIf(!isBuilt || noMounts !== null)("a disk that", () => {
  const noise = (): Uint8Array => crypto.getRandomValues(new Uint8Array(60_000));
  const large = (): Files => ({
    ...r2,
    ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`public/noise-${i}`, noise()])),
  });

  test("is full refuses a patch and keeps what runs; a smaller patch is taken", async () => {
    using disk = mountSmall(1_500_000);
    cpSync(updated, disk.dir, { recursive: true });
    await using node = await start(disk.dir);
    const before = await standingOf(node);
    const answer = await post(node, "patches", new Blob([new Uint8Array(await publish(r2, large()))]));
    expect(answer).toMatchObject({ http: 507, body: { error: { code: "store.full" } } });
    expect(await standingOf(node)).toEqual(before);
    await takesTheNext(node, before);
    await node.stop();
    await using again = await start(disk.dir);
    expect(await standingOf(again)).toMatchObject({ name: "r5" });
  });

  test("has room for a patch and not for what it makes keeps the patch, also for the next start", async () => {
    using disk = mountSmall(1_500_000);
    cpSync(updated, disk.dir, { recursive: true });
    const zeros: Files = { ...r2, "public/zeros": new Uint8Array(5_000_000) };
    const digest = digestOf(zeros);
    await using node = await start(disk.dir);
    await push(node, await publish(r2, zeros));
    await node.record(({ event, code }) => event === "problem" && code === "store.full");
    await node.stop();
    await using again = await start(disk.dir);
    expect(await status(again)).toMatchObject({ release: digest });
    expect((await (await fetch(`${again.url}/zeros`)).bytes()).length).toBe(5_000_000);
  });

  test("cannot be written refuses every change and serves what it has, after a restart too", async () => {
    using disk = mountSmall(4_000_000);
    cpSync(updated, disk.dir, { recursive: true });
    const remount = (how: "ro" | "rw"): number =>
      Bun.spawnSync(["mount", "-o", `remount,${how}`, disk.dir]).exitCode;
    expect(remount("ro")).toBe(0);
    const before = await onDisk(disk.dir, async (node) => {
      const standing = await standingOf(node);
      expect(standing).toMatchObject({ name: "r2" });
      for (const path of ["patches", "patches?canary=5"]) {
        const answer = await post(node, path, new Blob([new Uint8Array(await next())]));
        expect([path, answer.http, answer.body.error?.code]).toEqual([path, 507, "store.failed"]);
      }
      const rollback = await post(node, "rollback", JSON.stringify({ release: digestOf(r1) }));
      expect([rollback.http, rollback.body.error?.code]).toEqual([507, "store.failed"]);
      return await standingOf(node);
    });
    expect(remount("rw")).toBe(0);
    await onDisk(disk.dir, async (node) => {
      expect(await standingOf(node)).toEqual(before);
      await takesTheNext(node, before);
    });
  });
});

describe.skipIf(!isBuilt)("a state directory", () => {
  test("with a file that is cut short or has a flipped bit never takes the floor back", async () => {
    const listed = readdirSync(updated, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "lock")
      .map((entry) => join(entry.parentPath, entry.name).slice(updated.length + 1));
    expect(listed.length).toBeGreaterThan(5);
    const { floor } = await onDisk(copy(updated), standingOf);
    const outcomes: string[] = [];
    for (const path of listed.filter((each) => /^(journal|sites|blobs)/.test(each))) {
      for (const damage of ["cut", "flip"] as const) {
        const state = copy(updated);
        harm(join(state, path), damage);
        await onDisk(state, async (node) => {
          // What the store has of a release is read when the node answers already.
          const standing = await waitFor(`a whole release after ${damage} ${path}`, () =>
            standingOf(node).catch(() => false as const),
          );
          outcomes.push(`${damage} ${path}: ${standing.name}`);
          expect([path, damage, standing.floor]).toEqual([path, damage, floor]);
          expect(["r0", "r1", "r2"].includes(standing.name ?? "")).toBe(true);
          await takesTheNext(node, standing);
        });
      }
    }
    if (isLong) console.log(outcomes.join("\n"));
  }, 120_000);

  test("without its journal goes on from the second copy", async () => {
    const { floor } = await onDisk(copy(updated), standingOf);
    const state = copy(updated);
    for (const name of readdirSync(state).filter((each) => each.startsWith("journal")))
      rmSync(join(state, name));
    await onDisk(state, async (node) => {
      const standing = await standingOf(node);
      expect(standing).toMatchObject({ name: "r2", floor });
      await takesTheNext(node, standing);
    });
  });

  test("is one node's at a time: a second one does not start, and the first goes on", async () => {
    const state = copy(updated);
    await using node = await start(state);
    const second = await runCommand(
      ["serve", "--config", join(scratch, "emend.toml"), "--addr", "127.0.0.1:0", "--state", state],
      { env: { EMEND_TOKEN: testToken } },
    );
    expect([second.exitCode, second.stderr]).toEqual([
      1,
      expect.stringContaining(`process ${node.pid} uses the state directory ${state}`),
    ]);
    await takesTheNext(node, await standingOf(node));
  });

  test("of two nodes that were never patched is that of the first that is", async () => {
    const state = join(scratch, "new");
    await using one = await start(state);
    await using other = await start(state);
    await push(one, await publish(r0, r1));
    const refused = await post(other, "patches", new Blob([new Uint8Array(await publish(r0, r2))]));
    expect(refused.body.error).toMatchObject({
      code: "io",
      message: expect.stringContaining(`process ${one.pid} uses the state directory`),
    });
    expect(await standingOf(one)).toMatchObject({ name: "r1" });
    expect(await standingOf(other)).toMatchObject({ name: "r0" });
  });
});

/** Looks at a node that is started there, and stops it. */
async function onDisk<T>(state: string, look: (node: NodeProcess) => Promise<T>): Promise<T> {
  await using node = await start(state);
  const seen = await look(node);
  await node.stop();
  return seen;
}

function harm(path: string, damage: "cut" | "flip"): void {
  const { size } = statSync(path);
  if (damage === "cut") truncateSync(path, size >> 1);
  else {
    const bytes = readFileSync(path);
    bytes[size >> 1] = (bytes[size >> 1] ?? 0) ^ 4;
    writeFileSync(path, bytes);
  }
}
