import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { assembleText } from "../../test/support/assemble-text.ts";
import { kitGuest, ownGuest } from "../../test/support/guests.ts";
import { compileCommand } from "./compiled-module.ts";
import { measureReset } from "./measure.ts";

test("measureReset tells what is chosen, with its figures, and how large an instance is", async () => {
  const report = await measureReset(await compileCommand(kitGuest("c-hello"), "c-hello"));
  expect(report.why).toMatch(/^putting back takes [\d.]+ µs, a new instance [\d.]+ µs$/);
  expect([report.strategy, report.memoryBytes]).toEqual(["copy", 2 * 65_536]);
});

test("measureReset tells that of a large memory only what was touched is put back", async () => {
  const report = await measureReset(await compileCommand(kitGuest("rust-hello"), "rust-hello"));
  const told = existsSync("/proc/self/pagemap")
    ? /^putting back the touched pages takes/
    : /^putting back takes/;
  expect([report.strategy, report.why]).toEqual(["copy", expect.stringMatching(told)]);
});

test("measureReset tells why an instance cannot be put back", async () => {
  const report = await measureReset(await compileCommand(await ownGuest("table-set"), "table-set"));
  expect(report).toEqual({ strategy: "fresh", why: "it changes tables (table.set)", memoryBytes: 65_536 });
});

test("measureReset ends in time, however large the memory is", async () => {
  const bytes = await assembleText('(module (memory (export "memory") 4096) (func (export "_start")))');
  const startMs = performance.now();
  const report = await measureReset(await compileCommand(bytes, "large"));
  expect(report.memoryBytes).toBe(256 * 1024 * 1024);
  expect(performance.now() - startMs).toBeLessThan(3000);
});

test("measureReset refuses a module whose initialisers trap", async () => {
  const bytes = await assembleText('(module (func $f unreachable) (start $f) (func (export "_start")))');
  await expect(measureReset(await compileCommand(bytes, "x"))).rejects.toMatchObject({
    code: "module.invalid",
  });
});
