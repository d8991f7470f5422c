/**
 * A command of about 1 MB, as no test kit has one: three quarters of it code, thousands of functions with
 * loops, memory and calls, of which each differs from the others as far as an engine can tell, the rest data. It prints
 * `text` as its answer, without running them.
 */
import { ByteWriter } from "../../src/bytes/index.ts";
import { encodeSections, makeSection, type Section, sectionId } from "../../src/wasm/index.ts";

const [i32, empty, end] = [0x7f, 0x40, 0x0b];

const dataBytes = 250_000;

/** Beside its text, `revision` changes one function and adds one. */
export function largeModule(text: string, revision: number, functions = 3000): Uint8Array<ArrayBuffer> {
  const answer = new TextEncoder().encode(`Content-Type: text/plain\n\n${text}`);
  const bodies = Array.from({ length: functions + revision }, (_, i) => work(i, i === 77 ? revision : 0));
  const start = new ByteWriter().u32(0);
  // fd_write(1, iovec at 0, one of them, written at 8)
  for (const value of [1, 0, 1, 8]) start.u8(0x41).s32(value);
  start.u8(0x10, 0, 0x1a, end);
  const sections: Section[] = [
    section(sectionId.type, [
      ...[
        [0x60, 4, i32, i32, i32, i32, 1, i32],
        [0x60, 0, 0],
        [0x60, 2, i32, i32, 1, i32],
      ].map((type) => new ByteWriter().u8(...type)),
    ]),
    section(sectionId.import, [new ByteWriter().name("wasi_snapshot_preview1").name("fd_write").u8(0, 0)]),
    section(
      sectionId.function,
      [1, ...bodies.map(() => 2)].map((type) => new ByteWriter().u32(type)),
    ),
    section(sectionId.memory, [new ByteWriter().u8(0, 8)]),
    section(sectionId.export, [
      new ByteWriter().name("memory").u8(2, 0),
      new ByteWriter().name("_start").u8(0, 1),
    ]),
    section(sectionId.code, [start, ...bodies].map(sized)),
    section(sectionId.data, [
      data(0, new Uint8Array(Uint32Array.of(16, answer.length).buffer)),
      data(16, answer),
      data(
        65_536,
        Uint8Array.from({ length: dataBytes }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 127),
      ),
    ]),
  ];
  return new Uint8Array(encodeSections(sections));
}

/**
 * `(i32, i32) → i32`, with one local: a loop that computes, stores and loads for a while and calls a function before
 * it. Metering makes its code longer by about as much as that of compilers for Rust and Go.
 */
function work(i: number, revision: number): ByteWriter {
  const [get0, get1, get2] = [0, 1, 2].map((local) => [0x20, local]) as [number[], number[], number[]];
  const inMemory = [...constant(0xfffc), 0x71];
  const seed = [...get0, ...constant(Math.imul(i, 0x9e3779b1) + revision), 0x6c, ...get1, 0x73, 0x21, 2];
  const straight = Array.from({ length: 3 + (i % 5) }, (_, k) => {
    const load = [...get1, ...inMemory, 0x28, 2, ...unsigned((i * 52 + k * 444) % 4096)];
    const store = [...get2, ...inMemory, ...get2, ...load, 0x6a, 0x36, 2];
    const mix = [...get2, ...constant(Math.imul(i + k, 0x85ebca6b)), 0x73, ...get0, 0x6a, 0x21, 2];
    return [...store, ...unsigned((i * 36 + k * 132) % 4096), ...mix];
  }).flat();
  const callee = 2 + (i === 0 ? 0 : (i * 7919) % i);
  const shifted = [...get0, ...constant(3), 0x76, ...get2, ...constant(i % 31), 0x77];
  const call = [...shifted, 0x10, ...unsigned(callee), 0x21, 2];
  const next = [...get0, ...constant(1), 0x6b, 0x21, 0, 0x0c, 0];
  const loop = [0x02, empty, 0x03, empty, ...get0, 0x45, 0x0d, 1, ...straight, ...call, ...next, end, end];
  const either = [...get2, ...get1, 0x6a, 0x05, ...get1, ...get2, 0x6b, end];
  const choice = [...get2, ...constant(i * 13), 0x4a, 0x04, i32, ...either];
  return new ByteWriter().u8(1, 1, i32, ...seed, ...loop, ...choice, end);
}

const constant = (value: number): number[] => [0x41, ...new ByteWriter(8).s32(value).finish()];
const unsigned = (value: number): Uint8Array => new ByteWriter(8).u32(value).finish();

function section(id: number, entries: readonly ByteWriter[]): Section {
  const content = new ByteWriter().u32(entries.length);
  for (const entry of entries) content.raw(entry.finish());
  return makeSection(id, content.finish());
}

function sized(body: ByteWriter): ByteWriter {
  return new ByteWriter().u32(body.length).raw(body.finish());
}

function data(at: number, bytes: Uint8Array): ByteWriter {
  return new ByteWriter().u8(0, 0x41).s32(at).u8(end).u32(bytes.length).raw(bytes);
}
