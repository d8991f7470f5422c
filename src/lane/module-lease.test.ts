import { expect, test } from "bun:test";
import { kitGuest } from "../../test/support/guests.ts";
import { type CompiledModule, compileHandler } from "../guest/index.ts";
import type { SiteFile } from "../http/index.ts";
import { ModuleCache } from "./module-cache.ts";
import { ModuleLease } from "./module-lease.ts";

const file = (sha256: string): SiteFile => ({ path: "a.wasm", size: 0, sha256, blob: new Blob([]) });

const compile = (bytes: Uint8Array): Promise<CompiledModule> => compileHandler(bytes, "a.wasm");

/** Compiles the hello guest, and counts how often it is asked to. */
function countingCompiler(): { compileHello: () => Promise<CompiledModule>; count: () => number } {
  let compilations = 0;
  const compileHello = (): Promise<CompiledModule> => {
    compilations++;
    return compile(kitGuest("c-hello"));
  };
  return { compileHello, count: () => compilations };
}

test("ModuleLease takes a module once, however often it is asked for, and gives it back once", async () => {
  const cache = new ModuleCache();
  const { compileHello, count } = countingCompiler();
  const [first, second] = [new ModuleLease(cache, compileHello), new ModuleLease(cache, compileHello)];
  const [a, b, c] = await Promise.all([first, first, second].map((lease) => lease.compile(file("1"))));
  expect([a === b, b === c, count(), cache.size]).toEqual([true, true, 1, 1]);
  first[Symbol.dispose]();
  await Bun.sleep(0);
  expect(cache.size).toBe(1);
  second[Symbol.dispose]();
  await Bun.sleep(0);
  expect(cache.size).toBe(0);
});

test("ModuleLease gives back what is still being compiled when it ends", async () => {
  const cache = new ModuleCache();
  const lease = new ModuleLease(cache, countingCompiler().compileHello);
  const compiled = lease.compile(file("1"));
  lease[Symbol.dispose]();
  await compiled;
  await Bun.sleep(0);
  expect(cache.size).toBe(0);
});

test("ModuleLease tries again after a failure", async () => {
  const cache = new ModuleCache();
  let isBroken = true;
  const lease = new ModuleLease(cache, () => compile(isBroken ? new Uint8Array(3) : kitGuest("c-hello")));
  expect(lease.compile(file("1"))).rejects.toThrow("not a WebAssembly module");
  await Bun.sleep(1);
  isBroken = false;
  expect((await lease.compile(file("1"))).name).toBe("a.wasm");
  lease[Symbol.dispose]();
});

test("ModuleLease takes in what another thread has compiled, and gives it back like its own", async () => {
  const cache = new ModuleCache();
  const { compileHello, count } = countingCompiler();
  const made = await compile(kitGuest("c-hello"));
  const [first, second] = [new ModuleLease(cache, compileHello), new ModuleLease(cache, compileHello)];
  first.adopt("1", made);
  expect([await first.compile(file("1")), await second.compile(file("1")), count()]).toEqual([made, made, 0]);
  second.adopt("1", await compile(kitGuest("c-hello")));
  expect(await second.compile(file("1"))).toBe(made);
  for (const lease of [first, second]) lease[Symbol.dispose]();
  await Bun.sleep(0);
  expect(cache.size).toBe(0);
});
