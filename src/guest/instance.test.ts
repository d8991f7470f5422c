import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { kitGuest, ownGuest } from "../../test/support/guests.ts";
import { TestInput, TestOutput } from "../../test/support/host-fixture.ts";
import { LateDirectory, Lateness } from "../../test/support/late-files.ts";
import { runGuest } from "../../test/support/run-guest.ts";
import { createScratch, emptyRun, type Output, type Run } from "../wasi/index.ts";
import { compileCommand } from "./compiled-module.ts";
import { Instance, type Outcome } from "./instance.ts";

/** A command of the text format: imports, a memory, and `$say`, which writes 4 bytes of data at 64 + 4 × n. */
async function textGuest(body: string): Promise<Instance> {
  const wasi = '"wasi_snapshot_preview1"';
  const bytes = await assembleText(`(module
    (import ${wasi} "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import ${wasi} "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import ${wasi} "sched_yield" (func $sched_yield (result i32)))
    (import ${wasi} "proc_exit" (func $proc_exit (param i32)))
    (import ${wasi} "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "oops" "fine")
    (func $make (param $oflags i32)
      (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (local.get $oflags)
        (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 8))))
    (func $say (param $n i32)
      (i32.store (i32.const 0) (i32.add (i32.const 64) (i32.mul (local.get $n) (i32.const 4))))
      (i32.store (i32.const 4) (i32.const 4))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
    ${body})`);
  const instance = await Instance.create(await compileCommand(bytes, "text.wasm"));
  instance.takeSnapshot();
  return instance;
}

async function kitInstance(name: string): Promise<Instance> {
  const instance = await Instance.create(await compileCommand(kitGuest(name), name));
  instance.takeSnapshot();
  return instance;
}

const query = (text: string): { env: Record<string, string> } => ({
  env: { REQUEST_METHOD: "GET", PATH_INFO: "/", QUERY_STRING: text },
});

/** Counts each byte value and keeps none. */
class CountingOutput implements Output {
  readonly #counts = new Uint32Array(256);

  count(letter: string): number {
    return this.#counts[letter.charCodeAt(0)]!;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) this.#counts[bytes[at]!]!++;
    return end - start;
  }

  ready(): boolean {
    return true;
  }

  wait(wake: () => void): void {
    wake();
  }
}

describe("Instance.run", () => {
  const ends: [guest: string, query: string, outcome: object][] = [
    ["c-hello", "", { kind: "exit", code: 0 }],
    ["c-exit", "7", { kind: "exit", code: 7 }],
    ["c-exit", "255", { kind: "exit", code: 255 }],
    ["c-trap", "unreachable", { kind: "trap" }],
    ["c-trap", "oob", { kind: "trap" }],
    ["c-trap", "divzero", { kind: "trap", message: "Division by zero" }],
    ["c-recursion", "", { kind: "trap" }],
  ];
  for (const [guest, text, outcome] of ends) {
    test(`of ${guest}?${text} ends as ${JSON.stringify(outcome)}`, async () => {
      expect((await runGuest(await kitInstance(guest), query(text))).outcome).toMatchObject(outcome);
    });
  }

  test("of a guest that never waits has ended when it returns", async () => {
    const instance = await kitInstance("c-hello");
    const stdout = new TestOutput();
    expect(instance.run({ ...emptyRun, stdout })).toEqual({ kind: "exit", code: 0 });
    expect(stdout.text).toContain("Content-Type");
  });

  test("ends with a trap, and never throws, when a stream of the host does", async () => {
    const instance = await kitInstance("c-hello");
    const stdout = {
      ...emptyRun.stdout,
      write: () => {
        throw new Error("a bug of the host");
      },
    };
    expect(await instance.run({ ...emptyRun, stdout })).toEqual({
      kind: "trap",
      message: "a host call failed: a bug of the host",
    });
    expect(instance.restore()).toBe(false);
  });

  test("of a guest that calls at every depth: each call is answered whole, and the last one ends it", async () => {
    const compiled = await compileCommand(await ownGuest("deep-calls"), "deep-calls");
    const runAt = (depth: number, instance: Instance, run: Run): ReturnType<Instance["run"]> =>
      depth === 0 ? instance.run(run) : runAt(depth - 1, instance, run);
    // Each start leaves a little less stack, so the end comes at another place in the calls.
    for (let depth = 0; depth < 200; depth += 17) {
      const [stdout, stderr] = [new CountingOutput(), new CountingOutput()];
      const outcome = await runAt(depth, await Instance.create(compiled), { ...emptyRun, stdout, stderr });
      expect(outcome).toEqual({ kind: "trap", message: "Maximum call stack size exceeded." });
      const answered = stderr.count(".");
      expect(answered).toBeGreaterThan(1000);
      expect(stderr.count("!")).toBe(0);
      for (const half of ["a", "b"]) {
        const begun = stdout.count(half) - answered;
        expect([half, begun === 0 || begun === 1]).toEqual([half, true]);
      }
    }
  }, 30_000);

  test("of many guests that wait at the same time keeps them apart", async () => {
    const compiled = await compileCommand(kitGuest("c-echo"), "c-echo");
    const runs = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const instance = await Instance.create(compiled);
        const [stdin, stdout] = [new TestInput(), new TestOutput()];
        const body = `body ${index}`;
        const ended = instance.run({
          ...emptyRun,
          environ: () => ["REQUEST_METHOD=POST", `CONTENT_LENGTH=${body.length}`],
          stdin,
          stdout,
        });
        for (const letter of body) {
          await Bun.sleep(0);
          stdin.push(letter);
        }
        stdin.end();
        expect(await ended).toEqual({ kind: "exit", code: 0 });
        return stdout.text.endsWith(body);
      }),
    );
    expect(runs).toEqual(Array(20).fill(true));
  });
});

describe("Instance and the files of its guest", () => {
  const ends: [how: string, ending: string, kind: Outcome["kind"]][] = [
    ["returns", "", "exit"],
    ["exits", "(call $proc_exit (i32.const 3))", "exit"],
    ["traps", "unreachable", "trap"],
    ["grows, so that it cannot be put back", "(drop (memory.grow (i32.const 1)))", "exit"],
    [
      "is stopped while it waits",
      "(drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))",
      "stopped",
    ],
    ["is stopped while it opens another", "(call $make (i32.const 5))", "stopped"],
  ];
  test.each(ends)("all are closed, once, behind a guest that %s", async (_how, ending, kind) => {
    const instance = await textGuest(`(func (export "_start")
      (call $make (i32.const 1)) (call $make (i32.const 0))
      (i32.store (i32.const 0) (i32.const 32)) (i32.store (i32.const 4) (i32.const 4))
      ${ending})`);
    const lateness = new Lateness();
    const directory = new LateDirectory(createScratch(9999), lateness);
    const preopens = [{ name: "/", directory, readOnly: false }];
    const ended = instance.run({ ...emptyRun, stdin: new TestInput(), preopens: () => preopens });
    if (kind === "stopped") {
      while (lateness.opened < 3) await new Promise(setImmediate);
      instance.stop();
    }
    expect(await ended).toMatchObject({ kind });
    await Bun.sleep(1);
    expect([lateness.opened, lateness.closed]).toEqual([3, 2]);
    expect(instance.hostCost).toBeGreaterThan(100);
  });
});

describe("Instance.stop", () => {
  const spinning = `(func (export "_start")
    (loop $again
      (try (do (drop (call $sched_yield))) (catch_all (call $say (i32.const 0))))
      (br $again)))`;

  test("ends a guest that catches everything and never gives up", async () => {
    const instance = await textGuest(spinning);
    setTimeout(() => instance.stop(), 5);
    const { stdout, outcome } = await runGuest(instance);
    expect([stdout, outcome]).toEqual(["", { kind: "stopped" }]);
    expect(instance.restore()).toBe(false);
  });

  test("ends a guest that waits, at once, whatever it catches", async () => {
    const instance = await textGuest(`(func (export "_start")
      (i32.store (i32.const 0) (i32.const 32)) (i32.store (i32.const 4) (i32.const 4))
      (try (do (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))))
        (catch_all (call $say (i32.const 0))))
      (call $say (i32.const 1)))`);
    const stdout = new TestOutput();
    const ended = instance.run({ ...emptyRun, stdin: new TestInput(), stdout });
    await Bun.sleep(1);
    instance.stop();
    expect([await ended, stdout.text, instance.restore()]).toEqual([{ kind: "stopped" }, "", false]);
  });

  test("of a guest that is not running ends its next run at the first call", async () => {
    const instance = await kitInstance("c-hello");
    instance.stop();
    const { stdout, outcome } = await runGuest(instance);
    expect([stdout, outcome.kind, instance.restore()]).toEqual(["", "stopped", false]);
  });

  test("of one guest leaves its neighbours alone", async () => {
    const compiled = await compileCommand(kitGuest("c-hello"), "c-hello");
    const [one, other] = [await Instance.create(compiled), await Instance.create(compiled)];
    one.stop();
    expect((await runGuest(other)).outcome).toEqual({ kind: "exit", code: 0 });
  });
});

test("proc_exit ends a guest that catches everything, with its code", async () => {
  const instance = await textGuest(`(func (export "_start")
    (try (do (call $proc_exit (i32.const 7))) (catch_all (call $say (i32.const 0))))
    (call $say (i32.const 1)))`);
  expect(await runGuest(instance)).toEqual({ stdout: "", stderr: "", outcome: { kind: "exit", code: 7 } });
  expect(instance.restore()).toBe(true);
});

describe("Instance with a time that can be over", () => {
  test("runs as long as it is not, and ends at the next host call once it is", async () => {
    const compiled = await compileCommand(await ownGuest("stdio"), "stdio.wasm");
    let calls = 0;
    const instance = await Instance.create(compiled, { isOver: () => ++calls > 1000 });
    const { outcome } = await runGuest(instance, query("do=spin"));
    expect([outcome, calls]).toEqual([{ kind: "stopped" }, 1001]);
  });
});

describe("Instance.restore", () => {
  test("refuses an instance without a snapshot", async () => {
    const instance = await Instance.create(await compileCommand(kitGuest("c-hello"), "c-hello"));
    expect(instance.restore()).toBe(false);
  });

  test("refuses an instance that trapped", async () => {
    const instance = await kitInstance("c-trap");
    await runGuest(instance, query("divzero"));
    expect(instance.restore()).toBe(false);
  });

  test("takes back an instance that exited, with whatever code", async () => {
    const instance = await kitInstance("c-exit");
    for (const code of [3, 0, 255]) {
      expect((await runGuest(instance, query(String(code)))).outcome).toEqual({ kind: "exit", code });
      expect(instance.restore()).toBe(true);
    }
  });

  const growing: [name: string, memories: string, grown: string][] = [
    ["its memory", '(memory (export "memory") 1)', "(memory.grow (i32.const 1))"],
    ["a memory that had no pages", '(memory (export "memory") 0)', "(memory.grow (i32.const 1))"],
    ["a second memory", '(memory (export "memory") 1) (memory $b 1)', "(memory.grow $b (i32.const 1))"],
    [
      "a second memory that had no pages",
      '(memory (export "memory") 1) (memory $b 0)',
      "(memory.grow $b (i32.const 1))",
    ],
  ];
  for (const [name, memories, grown] of growing) {
    test(`refuses an instance that has grown ${name}`, async () => {
      const bytes = await assembleText(`(module ${memories} (func (export "_start") (drop ${grown})))`);
      const instance = await Instance.create(await compileCommand(bytes, "x"));
      instance.takeSnapshot();
      expect(instance.restore()).toBe(true);
      const beforeBytes = instance.memoryBytes;
      await runGuest(instance);
      expect(instance.memoryBytes - beforeBytes).toBe(65_536);
      expect(instance.restore()).toBe(false);
    });
  }

  test("takes images that an equal instance took before", async () => {
    const compiled = await compileCommand(await ownGuest("secret"), "secret");
    const [first, second] = [await Instance.create(compiled), await Instance.create(compiled)];
    const images = first.takeSnapshot();
    expect(second.takeSnapshot(images)).toBe(images);
    await runGuest(second, query("op=plant"));
    expect(second.restore()).toBe(true);
    expect((await runGuest(second, query("op=look"))).stdout).toContain("memory=clean\nglobal=clean");
  });

  test("is never tried on what cannot be put back", async () => {
    const instance = await Instance.create(await compileCommand(await ownGuest("table-set"), "x"));
    expect(() => instance.takeSnapshot()).toThrow("only restorable instances are snapshotted");
    expect(instance.restore()).toBe(false);
  });
});

describe("Instance.create", () => {
  test("runs initialisers with nothing to read and nobody who hears them", async () => {
    const instance = await textGuest(`
      (func $init (i32.store (i32.const 68) (i32.const 0x216b6f6f)) (call $say (i32.const 1)))
      (start $init)
      (func (export "_start") (call $say (i32.const 1)))`);
    expect((await runGuest(instance)).stdout).toBe("ook!");
  });

  const failing: [name: string, text: string][] = [
    ["its start section traps", '(func $f unreachable) (start $f) (func (export "_start"))'],
    ["_initialize traps", '(func (export "_initialize") unreachable) (func (export "_start"))'],
    ["a data segment leaves the memory", '(memory 0) (data (i32.const 0) "x") (func (export "_start"))'],
  ];
  for (const [name, text] of failing) {
    test(`rejects when ${name}`, async () => {
      const compiled = await compileCommand(await assembleText(`(module ${text})`), "x");
      await expect(Instance.create(compiled)).rejects.toMatchObject({
        code: "module.invalid",
        message: expect.stringMatching(/^x: it could not be instantiated: [^()]+$/),
      });
    });
  }
});
