import { expect, test } from "bun:test";
import { kitGuest } from "../../test/support/guests.ts";
import type { SiteFile } from "../http/index.ts";
import { ModuleCache } from "./module-cache.ts";
import { ModuleLease } from "./module-lease.ts";

const file = (sha256: string): SiteFile => ({ path: "a.wasm", size: 0, sha256, blob: new Blob([]) });

/** Reads the hello guest, and counts how often it is asked to. */
function countingRead(): { read: () => Promise<Uint8Array>; count: () => number } {
  let reads = 0;
  const read = async (): Promise<Uint8Array> => {
    reads++;
    return kitGuest("c-hello");
  };
  return { read, count: () => reads };
}

test("ModuleLease takes a module once, however often it is asked for, and gives it back once", async () => {
  const cache = new ModuleCache();
  const { read, count } = countingRead();
  const [first, second] = [new ModuleLease(cache, read), new ModuleLease(cache, read)];
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
  const lease = new ModuleLease(cache, countingRead().read);
  const compiled = lease.compile(file("1"));
  lease[Symbol.dispose]();
  await compiled;
  await Bun.sleep(0);
  expect(cache.size).toBe(0);
});

test("ModuleLease tries again after a failure", async () => {
  const cache = new ModuleCache();
  let isBroken = true;
  const lease = new ModuleLease(cache, async () => (isBroken ? new Uint8Array(3) : kitGuest("c-hello")));
  expect(lease.compile(file("1"))).rejects.toThrow("not a WebAssembly module");
  await Bun.sleep(1);
  isBroken = false;
  expect((await lease.compile(file("1"))).name).toBe("a.wasm");
  lease[Symbol.dispose]();
});
