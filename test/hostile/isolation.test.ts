/**
 * A request plants a secret wherever a guest can put one; no later request, no new memory and no new buffer of the
 * engine may show it. With many instances alive, since from the ninth memory on the engine has another kind.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { compileCommand, type Guest, GuestPool, Instance } from "../../src/guest/index.ts";
import { emptyRun } from "../../src/wasi/index.ts";
import { assembleText } from "../support/assemble-text.ts";
import { type ExposedInstance, exposedInstance } from "../support/exposed-instance.ts";
import { guestSite, noLimits } from "../support/guest-site.ts";
import { kitGuest, ownGuest } from "../support/guests.ts";
import { TestInput, TestOutput } from "../support/host-fixture.ts";
import { type GuestRequest, runGuest } from "../support/run-guest.ts";

const crowd = 12;
const pageBytes = 65_536;
const query = (text: string): GuestRequest => ({ env: { QUERY_STRING: text } });
const plant = query("op=plant");
const clean = /\n\nmemory=clean\nglobal=clean\n/;

/** What the guest `secret` plants: nine turns of a xorshift over its seed. */
const secret = ((): Buffer => {
  let value = 0x9e37_79b9_7f4a_7c15n;
  for (let i = 0; i < 9; i++) {
    value = BigInt.asUintN(64, value ^ (value << 13n));
    value ^= value >> 7n;
    value = BigInt.asUintN(64, value ^ (value << 17n));
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
})();

const secretGuest = await compileCommand(await ownGuest("secret"), "secret");
const withSecret = (exposed: ExposedInstance): boolean =>
  exposed.memories().some((bytes) => Buffer.from(bytes.buffer).includes(secret));

describe("a secret in an instance", () => {
  test("is where this test looks for it, and found by a guest that is not put back", async () => {
    const exposed = await exposedInstance(secretGuest);
    await runGuest(exposed.instance, plant);
    expect(withSecret(exposed)).toBe(true);
    expect((await runGuest(exposed.instance, query("op=look"))).stdout).toMatch(
      /memory=FOUND at \d+\nglobal=FOUND/,
    );
  });

  test("is gone when it is put back: static data, heap, stack, the last bytes, globals", async () => {
    const all = await Promise.all(Array.from({ length: crowd }, () => exposedInstance(secretGuest)));
    for (const each of all) await runGuest(each.instance, plant);
    expect(all.filter(withSecret)).toHaveLength(crowd);
    for (const each of all) expect(each.instance.restore()).toBe(true);
    expect(all.filter(withSecret)).toHaveLength(0);
    for (const each of all) expect((await runGuest(each.instance, query("op=look"))).stdout).toMatch(clean);
  });

  test("is never in an instance that a pool hands out, also when memories have grown", async () => {
    using pool = new GuestPool(secretGuest, guestSite());
    const used = new Set<Guest>();
    let again = 0;
    for (let round = 0; round < 4; round++) {
      const instances = await Promise.all(Array.from({ length: crowd }, () => pool.acquire()));
      for (const [index, instance] of instances.entries()) {
        if (used.has(instance)) again++;
        used.add(instance);
        expect((await runGuest(instance, query("op=look"))).stdout).toMatch(clean);
        expect(instance.memoryBytes).toBe(instances[0]!.memoryBytes);
        await runGuest(instance, query(index % 2 === 0 ? "op=plant" : "op=plant&grow=3"));
        pool.giveBack(instance);
      }
      expect(pool.status).toMatchObject({ live: crowd / 2, idle: crowd / 2 });
    }
    // Half of them are recycled each time; otherwise nothing was tested.
    expect(again).toBe((3 * crowd) / 2);
  });

  test("is not in the instance that follows one which trapped or was stopped", async () => {
    using pool = new GuestPool(await compileCommand(kitGuest("c-echo"), "c-echo"), guestSite());
    const word = "a-secret-in-a-cut-request";
    const instance = await pool.acquire();
    const stdin = new TestInput().push(word);
    const ended = instance.run({
      ...emptyRun,
      ...noLimits,
      environ: () => ["REQUEST_METHOD=POST", `CONTENT_LENGTH=${word.length + 1}`, `HTTP_COOKIE=${word}`],
      stdin,
      stdout: new TestOutput(),
    });
    await Bun.sleep(1);
    instance.stop();
    expect(await ended).toEqual({ kind: "stopped" });
    pool.giveBack(instance);
    expect(pool.status.live).toBe(0);
    const next = await pool.acquire();
    expect(next).not.toBe(instance);
    expect((await runGuest(next, query(""))).stdout).not.toContain(word);
  });
});

describe("a secret in what surrounds a guest", () => {
  const word = "do-not-show-this";

  test("environment and arguments of one request are not those of the next, nor in its memory", async () => {
    const exposed = await exposedInstance(await compileCommand(kitGuest("c-cgi-env"), "c-cgi-env"));
    const holds = (): boolean => exposed.memories().some((bytes) => Buffer.from(bytes.buffer).includes(word));
    const told = await runGuest(exposed.instance, {
      args: ["x", `--key=${word}`],
      env: { HTTP_COOKIE: word },
    });
    expect([told.stdout.split(word).length - 1, holds()]).toEqual([2, true]);
    expect(exposed.instance.restore()).toBe(true);
    expect(holds()).toBe(false);
    expect((await runGuest(exposed.instance, { args: ["x"] })).stdout).not.toContain(word);
  });

  test("what one request left unread of its body is not in the next one's", async () => {
    const instance = await Instance.create(secretGuest);
    instance.takeSnapshot();
    expect((await runGuest(instance, { ...query("op=stdin"), stdin: `abc${word}` })).stdout).toEndWith(
      "read=abc\n",
    );
    expect(instance.restore()).toBe(true);
    expect((await runGuest(instance, { ...query("op=stdin"), stdin: "xyz" })).stdout).toEndWith("read=xyz\n");
    expect(instance.restore()).toBe(true);
    expect((await runGuest(instance, query("op=stdin"))).stdout).toEndWith("read=\n");
  });

  // Each spoils the descriptors of its own run behind a line of text; nothing of that may reach the next one.
  const calls: Readonly<Record<string, string>> = {
    fd_close: "(param i32) (result i32)",
    fd_renumber: "(param i32 i32) (result i32)",
    fd_fdstat_set_flags: "(param i32 i32) (result i32)",
    fd_fdstat_set_rights: "(param i32 i64 i64) (result i32)",
  };
  const spoilings: [name: string, body: string][] = [
    [
      "closes all three",
      "(drop (call $fd_close (i32.const 0))) (drop (call $fd_close (i32.const 1))) (drop (call $fd_close (i32.const 2)))",
    ],
    ["turns stdout into stderr", "(drop (call $fd_renumber (i32.const 1) (i32.const 2)))"],
    ["turns stdin into stdout", "(drop (call $fd_renumber (i32.const 0) (i32.const 1)))"],
    ["makes stdin non-blocking", "(drop (call $fd_fdstat_set_flags (i32.const 0) (i32.const 4)))"],
    [
      "gives every right away",
      "(drop (call $fd_fdstat_set_rights (i32.const 0) (i64.const 0) (i64.const 0))) (drop (call $fd_fdstat_set_rights (i32.const 1) (i64.const 0) (i64.const 0)))",
    ],
  ];
  for (const [name, body] of spoilings) {
    test(`a guest that ${name} has them afresh in its next run`, async () => {
      const imports = Object.entries(calls).map(
        ([call, type]) => `(import "wasi_snapshot_preview1" "${call}" (func $${call} ${type}))`,
      );
      const bytes = await assembleText(`(module ${imports.join("\n")}
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\\40\\00\\00\\00\\04\\00\\00\\00")
        (func (export "_start")
          (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
          (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
          (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
          ${body}))`);
      const instance = await Instance.create(await compileCommand(bytes, "spoiler"));
      instance.takeSnapshot();
      for (const text of ["one!", "two!", "more"]) {
        const [stdin, stdout, stderr] = [new TestInput(), new TestOutput(), new TestOutput()];
        const ended = instance.run({ ...emptyRun, stdin, stdout, stderr });
        // Later than the guest asks: one that does not wait reads nothing.
        await Bun.sleep(1);
        stdin.push(text);
        expect([await ended, stdout.text, stderr.text]).toEqual([{ kind: "exit", code: 0 }, text, text]);
        expect(instance.restore()).toBe(true);
      }
    });
  }
});

describe("a secret in memory that the engine takes back", () => {
  const pages = 40;

  /** Runs 100 instances that fill grown memory with the secret, and forgets them. */
  async function plantAndDrop(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      const instance = await Instance.create(secretGuest);
      if (i % 2 === 0) instance.takeSnapshot();
      const { stdout } = await runGuest(instance, query(`op=plant&grow=${i % 4 === 3 ? 0 : pages}`));
      expect(stdout).toContain("planted");
    }
  }

  const alive: Instance[] = [];
  afterAll(() => {
    expect(alive.splice(0).length).toBe(crowd);
  });

  test("is in no new Memory and no new ArrayBuffer, all of which are zero", async () => {
    for (let i = 0; i < crowd; i++) alive.push(await Instance.create(secretGuest));
    await plantAndDrop();
    Bun.gc(true);
    await Bun.sleep(0);
    Bun.gc(true);
    const dirty: string[] = [];
    const kept: unknown[] = [];
    const zeros = Buffer.alloc(64 * pageBytes);
    const look = (what: string, buffer: ArrayBufferLike): void => {
      kept.push(buffer);
      const bytes = Buffer.from(buffer);
      if (Buffer.compare(bytes, zeros.subarray(0, bytes.length)) !== 0) dirty.push(what);
    };
    for (let i = 0; i < 100; i++) {
      const initial = [1, 2, 20, pages + 2][i % 4]!;
      const memory = new WebAssembly.Memory({ initial });
      look(`Memory ${i}`, memory.buffer);
      memory.grow(2);
      look(`grown Memory ${i}`, memory.buffer);
      look(`ArrayBuffer ${i}`, new ArrayBuffer([16, 4096, pageBytes, 3_000_000][i % 4]!));
      look(`Uint8Array ${i}`, new Uint8Array(1000 + i).buffer);
    }
    expect(dirty).toEqual([]);
    expect(kept).toHaveLength(400);
  }, 60_000);

  test("is in no new instance of another module", async () => {
    const other = await compileCommand(await ownGuest("grower"), "grower");
    for (let i = 0; i < crowd; i++) {
      const exposed = await exposedInstance(other);
      await runGuest(exposed.instance, query(`pages=${pages}`));
      expect(withSecret(exposed)).toBe(false);
    }
  });
});
