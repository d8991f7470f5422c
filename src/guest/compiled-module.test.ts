import { describe, expect, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { guestSite } from "../../test/support/guest-site.ts";
import { kitGuest } from "../../test/support/guests.ts";
import { createRandom } from "../../test/support/random.ts";
import { runGuest, type Transcript } from "../../test/support/run-guest.ts";
import { EmendError } from "../errors.ts";
import { type CompiledModule, compileCommand, compileHandler } from "./compiled-module.ts";
import { Instance } from "./instance.ts";
import { linkModuleOf } from "./link-module.ts";
import { GuestPool } from "./pool.ts";

describe("compileCommand", () => {
  test("tells what it compiled", async () => {
    const bytes = kitGuest("c-echo");
    const compiled = await compileCommand(bytes, "echo.wasm");
    expect(compiled).toMatchObject({
      name: "echo.wasm",
      sizeBytes: bytes.length,
      unrestorable: [],
      initializers: [],
    });
    expect(compiled.links.map(({ module }) => module)).toEqual(["wasi_snapshot_preview1"]);
    expect(compiled.links[0]!.names).toEqual([
      "environ_get",
      "environ_sizes_get",
      "fd_close",
      "fd_fdstat_get",
      "fd_read",
      "fd_seek",
      "fd_write",
      "proc_exit",
    ]);
  });

  test("prepares nothing for putting instances back that run once", async () => {
    const [again, once] = await Promise.all([
      compileCommand(kitGuest("rust-hello"), "x"),
      compileCommand(kitGuest("rust-hello"), "x", { once: true }),
    ]);
    expect([again.unrestorable, once.unrestorable]).toEqual([[], ["it runs once"]]);
    expect([typeof again.exports.restore, typeof once.exports.restore]).toEqual(["string", "undefined"]);
    const { outcome, stdout } = await runGuest(await Instance.create(once));
    expect(outcome).toEqual({ kind: "exit", code: 0 });
    expect(stdout).toBe((await runGuest(await Instance.create(again))).stdout);
  });

  test("compiles one link module for all guests that import the same", async () => {
    const [one, two, other] = await Promise.all(
      ["c-exit", "c-trap", "c-hello"].map(async (name) => {
        const { links } = await compileCommand(kitGuest(name), name);
        return links.map(linkModuleOf);
      }),
    );
    expect([one![0] === two![0], one![0] === other![0]]).toEqual([true, false]);
  });

  test("links a module to each ABI that it imports from, and to nothing that it does not need", async () => {
    const linksOf = async (imports: string): Promise<unknown> => {
      const text = `(module ${imports} (memory (export "memory") 1) (func (export "_start")))`;
      const { links } = await compileCommand(await assembleText(text), "x");
      return links.map(({ module, names }) => [module, ...names]);
    };
    const yieldsFrom = (module: string): string => `(import "${module}" "sched_yield" (func (result i32)))`;
    const both = yieldsFrom("wasi_unstable") + yieldsFrom("wasi_snapshot_preview1").repeat(2);
    expect(await linksOf(both)).toEqual([
      ["wasi_snapshot_preview1", "sched_yield"],
      ["wasi_unstable", "sched_yield"],
    ]);
    expect(await linksOf(yieldsFrom("wasi_unstable"))).toEqual([["wasi_unstable", "sched_yield"]]);
    expect(await linksOf("")).toEqual([]);
  });

  test("runs the start section, _initialize and wizer.initialize in this order", async () => {
    const bytes = await assembleText(`(module (func $f) (start $f) (memory 1)
      (export "wizer.initialize" (func $f)) (export "_initialize" (func $f)) (export "_start" (func $f)))`);
    const { initializers } = await compileCommand(bytes, "x");
    expect(initializers).toEqual(["emend:start", "_initialize", "wizer.initialize"]);
  });

  test("refuses what the engine refuses, in its words", async () => {
    // i32.add on nothing: well-formed, not valid.
    const bytes = await assembleText('(module (func (export "_start") (drop (i32.const 1))))');
    const broken = bytes.with(bytes.lastIndexOf(0x1a), 0x6a);
    await expect(compileCommand(broken, "x.wasm")).rejects.toMatchObject({
      code: "module.invalid",
      message: expect.stringContaining("x.wasm: not a valid WebAssembly module"),
    });
  });

  test("refuses code that breaks off in the words of the reader", async () => {
    const bytes = await assembleText('(module (func (export "_start") (drop (i32.const 1))))');
    const broken = bytes.with(bytes.lastIndexOf(0x1a), 0x17);
    await expect(compileCommand(broken, "x.wasm")).rejects.toMatchObject({
      code: "module.invalid",
      message: "x.wasm: not a WebAssembly module that emend can run: an unknown instruction 0x17 at offset 3",
    });
  });

  const random = createRandom();
  test(`compiles or refuses any damaged module, and never throws anything else (EMEND_SEED=${random.seed})`, async () => {
    const guests = ["c-hello", "zig-hello", "as-raw"].map(kitGuest);
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const bytes = Uint8Array.from(random.pick(guests));
      for (let hits = 1 + random.below(2); hits > 0; hits--)
        bytes[random.below(bytes.length)] = random.below(256);
      try {
        await compileCommand(bytes, "x");
      } catch (error) {
        if (!(error instanceof EmendError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  }, 60_000);
});

describe("CompiledModule", () => {
  /** Compiles in another thread, which has ended when this returns. */
  async function compileElsewhere(bytes: Uint8Array): Promise<CompiledModule> {
    const script = `
      const { compileHandler } = await import(${JSON.stringify(`${import.meta.dir}/index.ts`)});
      onmessage = async ({ data }) => postMessage(await compileHandler(data, "sent.wasm"));
      postMessage("listening");`;
    const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    try {
      return await new Promise<CompiledModule>((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<CompiledModule | "listening">) => {
          if (data === "listening") worker.postMessage(bytes);
          else resolve(data);
        };
        worker.onerror = ({ message }) => reject(new Error(message));
      });
    } finally {
      worker.terminate();
    }
  }

  test.each(["c-echo", "rust-hello", "zig-hello"])(
    "of %s runs, and is put back, in another thread than the one that compiled it",
    async (name) => {
      const bytes = kitGuest(name);
      const [here, elsewhere] = [await compileHandler(bytes, "sent.wasm"), await compileElsewhere(bytes)];
      expect(elsewhere.module).toBeInstanceOf(WebAssembly.Module);
      expect({ ...elsewhere, module: 0 }).toEqual({ ...here, module: 0 });
      const transcripts: Transcript[] = [];
      for (const compiled of [here, elsewhere]) {
        using pool = new GuestPool(compiled, guestSite());
        for (let round = 0; round < 3; round++) {
          const guest = await pool.acquire();
          transcripts.push(await runGuest(guest, { stdin: "hello" }));
          pool.giveBack(guest);
        }
        expect(pool.status.live).toBe(1);
      }
      expect(new Set(transcripts.map((each) => JSON.stringify(each))).size).toBe(1);
      expect(transcripts[0]!.outcome.kind).toBe("exit");
    },
  );
});
