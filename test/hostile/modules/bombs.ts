/** Modules that are hard on whoever reads or compiles them, made byte by byte: no text could say some of it. */
import { ByteWriter } from "../../../src/bytes/index.ts";
import { encodeSections, makeSection, type Section, sectionId } from "../../../src/wasm/index.ts";

/** A module whose `_start` has this body (locals and code); `more` replaces or adds sections. */
export function moduleOf(body: Uint8Array, more: readonly Section[] = []): Uint8Array<ArrayBuffer> {
  const exports = new ByteWriter().u32(2).name("memory").u8(2, 0).name("_start").u8(0, 0);
  const sections: Section[] = [
    makeSection(sectionId.type, Uint8Array.of(1, 0x60, 0, 0)),
    makeSection(sectionId.function, Uint8Array.of(1, 0)),
    makeSection(sectionId.memory, Uint8Array.of(1, 0, 1)),
    makeSection(sectionId.export, exports.finish()),
    makeSection(sectionId.code, new ByteWriter().u8(1).u32(body.length).raw(body).finish()),
  ];
  const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
  const replaced = new Map([...sections, ...more].map((each) => [each.id, each]));
  const custom = more.filter((each) => each.id === sectionId.custom);
  return encodeSections([...custom, ...order.flatMap((id) => (replaced.has(id) ? [replaced.get(id)!] : []))]);
}

const empty = Uint8Array.of(0, 0x0b);

const memory = (min: number): Section =>
  makeSection(sectionId.memory, new ByteWriter().u8(1, 0).u32(min).finish());

function manyTypes(count: number): Section {
  const out = new ByteWriter(count * 3 + 8).u32(count);
  for (let i = 0; i < count; i++) out.u8(0x60, 0, 0);
  return makeSection(sectionId.type, out.finish());
}

/** Ten million characters. */
const longName = "n".repeat(10_000_000);

/** What a refusal has to say, by what is refused. */
export const refused: Readonly<
  Record<string, { readonly bytes: () => Uint8Array<ArrayBuffer>; readonly says: RegExp }>
> = {
  "a million locals": {
    bytes: () => moduleOf(new ByteWriter().u8(1).u32(1_000_000).u8(0x7f, 0x0b).finish()),
    says: /1000000 locals; at most 49998/,
  },
  "four billion locals in two groups": {
    bytes: () =>
      moduleOf(new ByteWriter().u8(2).u32(0xffff_ffff).u8(0x7f).u32(0xffff_ffff).u8(0x7e, 0x0b).finish()),
    says: /locals; at most 49998/,
  },
  "a million and one types": {
    bytes: () => moduleOf(empty, [manyTypes(1_000_001)]),
    says: /1000001 entries/,
  },
  "types that are announced and not there": {
    bytes: () => moduleOf(empty, [makeSection(sectionId.type, new ByteWriter().u32(999_999).finish())]),
    says: /unexpected end/,
  },
  "a memory of 4 GiB": { bytes: () => moduleOf(empty, [memory(65_536)]), says: /65536 pages.*at most 1024/ },
  "a memory just above its limit": {
    bytes: () => moduleOf(empty, [memory(1025)]),
    says: /1025 pages.*at most 1024/,
  },
  "two memories that are too large together": {
    bytes: () =>
      moduleOf(empty, [
        makeSection(sectionId.memory, new ByteWriter().u8(2, 0).u32(1000).u8(0).u32(1000).finish()),
      ]),
    says: /2000 pages.*at most 1024/,
  },
  "a table of four billion entries": {
    bytes: () =>
      moduleOf(empty, [
        makeSection(sectionId.table, new ByteWriter().u8(1, 0x70, 0).u32(0xffff_ffff).finish()),
      ]),
    says: /4294967295 entries.*at most 1000000/,
  },
  "a shared memory": {
    bytes: () => moduleOf(empty, [makeSection(sectionId.memory, Uint8Array.of(1, 3, 1, 1))]),
    says: /shared memor/,
  },
  "an import with a name of 10 MB": {
    bytes: () =>
      moduleOf(empty, [
        makeSection(sectionId.import, new ByteWriter().u8(1).name("env").name(longName).u8(0, 0).finish()),
      ]),
    says: /"env"/,
  },
  "an instruction of the GC proposal": {
    bytes: () => moduleOf(Uint8Array.of(0, 0x41, 0, 0xfb, 0x1c, 0x1a, 0x0b)),
    says: /GC proposal/,
  },
};

/** Modules that run all the same, and quickly. */
export const harmless: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
  "a custom section with a name of 10 MB": () =>
    moduleOf(empty, [makeSection(sectionId.custom, new ByteWriter().name(longName).finish())]),
  "as many locals as there may be": () =>
    moduleOf(new ByteWriter().u8(1).u32(49_998).u8(0x7f, 0x0b).finish()),
  "a hundred thousand functions": () => manyFunctions(100_000),
};

/** `_start` calls the first of so many, which calls none. */
function manyFunctions(count: number): Uint8Array<ArrayBuffer> {
  const functions = new ByteWriter().u32(count);
  const code = new ByteWriter().u32(count).u8(4, 0, 0x10, 1, 0x0b);
  for (let i = 0; i < count; i++) {
    functions.u8(0);
    if (i > 0) code.u8(2, 0, 0x0b);
  }
  return moduleOf(empty, [
    makeSection(sectionId.function, functions.finish()),
    makeSection(sectionId.code, code.finish()),
  ]);
}

/** `_start` calls the first of so many functions, each of which calls the next. */
export function callChain(count: number): Uint8Array<ArrayBuffer> {
  const functions = new ByteWriter().u32(count);
  const code = new ByteWriter().u32(count);
  for (let i = 0; i < count; i++) {
    functions.u8(0);
    const body = new ByteWriter().u8(0);
    if (i + 1 < count) body.u8(0x10).u32(i + 1);
    body.u8(0x0b);
    code.u32(body.length).raw(body.finish());
  }
  return moduleOf(empty, [
    makeSection(sectionId.function, functions.finish()),
    makeSection(sectionId.code, code.finish()),
  ]);
}

/** So many additions in a row, in one function, without a branch. */
export function straightLine(additions: number): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter(additions * 3 + 16).u8(1, 1, 0x7f, 0x20, 0);
  for (let i = 0; i < additions; i++) body.u8(0x41, 1, 0x6a);
  return moduleOf(body.u8(0x1a, 0x0b).finish());
}

/** Where a module could name what metering adds: behind all that it has itself. */
export const outOfRange: Readonly<
  Record<string, readonly [says: RegExp, bytes: () => Uint8Array<ArrayBuffer>]>
> = {
  "global.get": [/global 0 of 0/, () => moduleOf(Uint8Array.of(0, 0x23, 0, 0x1a, 0x0b))],
  "global.set": [/global 0 of 0/, () => moduleOf(Uint8Array.of(0, 0x41, 0, 0x24, 0, 0x0b))],
  "global.set with a padded index": [
    /global 1 of 0/,
    () => moduleOf(Uint8Array.of(0, 0x41, 0, 0x24, 0x81, 0x80, 0x80, 0x00, 0x0b)),
  ],
  "a local": [/local 0 of 0/, () => moduleOf(Uint8Array.of(0, 0x03, 0x40, 0x20, 0, 0x1a, 0x0b, 0x0b))],
  "a function": [/function 3 of 1/, () => moduleOf(Uint8Array.of(0, 0x10, 3, 0x0b))],
  "a type": [/type 1 is no function type/, () => moduleOf(Uint8Array.of(0, 0x02, 1, 0x0b, 0x0b))],
  "a label": [/label 1 of 1/, () => moduleOf(Uint8Array.of(0, 0x0c, 1, 0x0b))],
  "a table": [/table 0 of 0/, () => moduleOf(Uint8Array.of(0, 0x41, 0, 0x25, 0, 0x1a, 0x0b))],
  call_indirect: [/table 0 of 0/, () => moduleOf(Uint8Array.of(0, 0x41, 0, 0x11, 0, 0, 0x0b))],
  "table.grow": [
    /table 0 of 0/,
    () => moduleOf(Uint8Array.of(0, 0xd0, 0x70, 0x41, 0, 0xfc, 15, 0, 0x1a, 0x0b)),
  ],
  "an element segment": [
    /function 5 of 1/,
    () =>
      moduleOf(empty, [
        makeSection(sectionId.table, Uint8Array.of(1, 0x70, 0, 1)),
        makeSection(sectionId.element, Uint8Array.of(1, 0, 0x41, 0, 0x0b, 1, 5)),
      ]),
  ],
  "an element segment of expressions": [
    /function 5 of 1/,
    () =>
      moduleOf(empty, [
        makeSection(sectionId.table, Uint8Array.of(1, 0x70, 0, 1)),
        makeSection(sectionId.element, Uint8Array.of(1, 4, 0x41, 0, 0x0b, 1, 0xd2, 5, 0x0b)),
      ]),
  ],
  "an element segment's table": [
    /table 0 of 0/,
    () => moduleOf(empty, [makeSection(sectionId.element, Uint8Array.of(1, 0, 0x41, 0, 0x0b, 1, 0))]),
  ],
  "a global's first value": [
    /function 5 of 1/,
    () => moduleOf(empty, [makeSection(sectionId.global, Uint8Array.of(1, 0x70, 0, 0xd2, 5, 0x0b))]),
  ],
  "an export": [
    /global 0 of 0/,
    () =>
      moduleOf(empty, [
        makeSection(
          sectionId.export,
          new ByteWriter()
            .u32(3)
            .name("memory")
            .u8(2, 0)
            .name("_start")
            .u8(0, 0)
            .name("fuel")
            .u8(3, 0)
            .finish(),
        ),
      ]),
  ],
};
