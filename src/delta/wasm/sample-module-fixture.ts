/**
 * Modules for the tests of this room: the same program laid out twice, with functions, globals, types and
 * data in other places, the way a linker moves them when something is added in front.
 */
import { ByteWriter } from "../../bytes/index.ts";
import { encodeSections, makeSection, sectionId } from "../../wasm/index.ts";

export interface Layout {
  /** Functions put in front of the program's own. */
  readonly functionsBefore: number;
  /** Globals and types likewise. */
  readonly globalsBefore: number;
  readonly typesBefore: number;
  /** Bytes of data in front of the program's own; divisible by four. */
  readonly dataBefore: number;
  /** Pad sizes, calls and addresses to five bytes, as linkers do. */
  readonly padded: boolean;
}

export const plainLayout: Layout = {
  functionsBefore: 0,
  globalsBefore: 0,
  typesBefore: 0,
  dataBefore: 0,
  padded: false,
};

const functionCount = 300;
const globalCount = 70;
const typeCount = 80;
const imported = 2;
const dataAddress = 1024;

/** The program in that layout; `seed` decides what it does. */
export function sampleModule(layout: Layout, seed = 1): Uint8Array<ArrayBuffer> {
  const { functionsBefore, globalsBefore, typesBefore } = layout;
  const functions = functionsBefore + functionCount;
  const types = new ByteWriter().u32(typesBefore + typeCount);
  for (let i = 0; i < typesBefore + typeCount; i++) types.u8(0x60, 0, 0);
  const imports = new ByteWriter().u32(imported + 1);
  for (let i = 0; i < imported; i++) imports.name("env").name(`f${i}`).u8(0).u32(typesBefore);
  imports.name("env").name("memory").u8(2, 0).u32(2);
  const functionTypes = new ByteWriter().u32(functions);
  for (let i = 0; i < functions; i++)
    functionTypes.u32(i < functionsBefore ? 0 : typesBefore + (i % typeCount));
  const globals = new ByteWriter().u32(globalsBefore + globalCount);
  for (let i = 0; i < globalsBefore + globalCount; i++) globals.u8(0x7f, 1, 0x41).s32(i).u8(0x0b);
  const exports = new ByteWriter()
    .u32(3)
    .name("run")
    .u8(0)
    .u32(imported + functions - 1);
  exports.name("memory").u8(2, 0).name("state").u8(3).u32(globalsBefore);
  const elements = new ByteWriter().u32(3).u8(0, 0x41, 1, 0x0b).u32(40);
  for (let i = 0; i < 40; i++) elements.u32(imported + functionsBefore + 3 * i);
  elements
    .u8(1, 0)
    .u32(1)
    .u32(imported)
    .u8(5, 0x70)
    .u32(1)
    .u8(0xd2)
    .u32(imported + functionsBefore)
    .u8(0x0b);
  const names = new ByteWriter().u32(functionCount);
  for (let i = 0; i < functionCount; i++) names.u32(imported + functionsBefore + i).name(`function ${i}`);
  const custom = new ByteWriter().name("name").u8(1).u32(names.length).raw(names.finish());

  return encodeSections([
    makeSection(sectionId.type, types.finish()),
    makeSection(sectionId.import, imports.finish()),
    makeSection(sectionId.function, functionTypes.finish()),
    makeSection(sectionId.table, Uint8Array.of(1, 0x70, 0, 60)),
    makeSection(sectionId.global, globals.finish()),
    makeSection(sectionId.export, exports.finish()),
    makeSection(sectionId.start, new ByteWriter().u32(imported + functionsBefore).finish()),
    makeSection(sectionId.element, elements.finish()),
    makeSection(sectionId.dataCount, Uint8Array.of(2)),
    makeSection(sectionId.code, code(layout, seed)),
    makeSection(sectionId.data, data(layout, seed)),
    makeSection(sectionId.custom, custom.finish()),
  ]);
}

function code(layout: Layout, seed: number): Uint8Array {
  const { functionsBefore, globalsBefore, typesBefore, dataBefore, padded } = layout;
  const random = randomOf(seed);
  const writer = new ByteWriter().u32(functionsBefore + functionCount);
  for (let i = 0; i < functionsBefore; i++) writer.u8(7, 0, 0x41, i & 0x3f, 0x41, 7, 0x1a, 0x0b);
  const index = (to: ByteWriter, value: number): ByteWriter =>
    padded ? to.u8((value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, 0x80, 0x80, 0) : to.u32(value);
  for (let i = 0; i < functionCount; i++) {
    const body = new ByteWriter().u8(1, 2, 0x7f, 0x02).s32(typesBefore + random(typeCount));
    for (let k = 3 + random(30); k > 0; k--) {
      switch (random(12)) {
        case 0:
          index(body.u8(0x10), imported + functionsBefore + random(functionCount));
          break;
        case 1:
          body.u8(0x23).u32(globalsBefore + random(globalCount));
          break;
        case 2:
          body
            .u8(0x11)
            .u32(typesBefore + random(typeCount))
            .u8(0);
          break;
        case 3:
          body.u8(0x41).s32(dataAddress + dataBefore + 8 * random(400));
          break;
        case 4:
          body.u8(0x28, 2).u32(dataAddress + dataBefore + 8 * random(400));
          break;
        case 5:
          body.u8(0x42).s32(dataAddress + dataBefore + 8 * random(400));
          break;
        case 6:
          // An i64 beyond 7 bytes, two floats, a SIMD load of a lane and a shuffle.
          body.u8(0x42, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x01);
          body.u8(0x43, 1, 2, 3, random(256), 0x44, 1, 2, 3, 4, 5, 6, 7, random(256));
          body.u8(0xfd, 0x54, 0, 8, 1, 0xfd, 0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
          break;
        case 7:
          body.u8(0x0e, 2, 0, 0, 0, 0x1c, 1, 0x7f);
          break;
        case 8:
          body.u8(0xfc, 0x08, random(2), 0, 0xfc, 0x0a, 0, 0, 0xfe, 0x10, 2, 0);
          break;
        case 9:
          body.u8(0xd0, 0x70, 0xd2).u32(imported + functionsBefore + random(functionCount));
          break;
        default:
          body.u8(0x20, random(4), 0x41, random(64), 0x6a);
      }
    }
    body.u8(0x0b, 0x0b);
    index(writer, body.length).raw(body.finish());
  }
  return writer.finish();
}

/** One active segment: addresses of data and slots of the table among numbers; and a passive one. */
function data({ dataBefore }: Layout, seed: number): Uint8Array {
  const random = randomOf(seed + 1);
  const bytes = new Uint8Array(dataBefore + 3200);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < dataBefore; at++) bytes[at] = at;
  for (let at = dataBefore; at < bytes.length; at += 4) {
    const value =
      random(3) > 0 ? dataAddress + dataBefore + 8 * random(400) : random(0x40000000) + 0x20000000;
    view.setUint32(at, value, true);
  }
  return new ByteWriter()
    .u32(2)
    .u8(0, 0x41)
    .s32(dataAddress)
    .u8(0x0b)
    .u32(bytes.length)
    .raw(bytes)
    .u8(1)
    .u32(5)
    .raw(Uint8Array.of(1, 2, 3, 4, 5))
    .finish();
}

/** Numbers in [0, n), the same for the same seed (mulberry32). */
export function randomOf(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}
