/**
 * A module as its sections, byte for byte. `encodeSections(decodeSections(m))` is `m`, whatever form the
 * lengths have: a section that nobody edits keeps the very bytes it came with.
 *
 * ```
 *  00 61 73 6d  01 00 00 00  | id  size(LEB)  payload … | id  size  payload …
 * ```
 * Core spec §5.5 (binary format of modules).
 */
import { ByteWriter, Cursor, DecodeError } from "../bytes/index.ts";
import { moduleSectionsMax } from "../limits.ts";

/** Section ids, core spec §5.5.2; `tag` is the exception handling proposal's. */
export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** One section: `raw` is id, size and payload together; `payload` starts at `payloadOffset` of the module. */
export interface Section {
  readonly id: number;
  readonly raw: Uint8Array;
  readonly payload: Uint8Array;
  readonly payloadOffset: number;
}

/** Where each id stands in a module; the tag section goes between memory and global, data count before code. */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const orderOf = (id: number): number => order.indexOf(id);

/**
 * Splits a module into sections.
 *
 * @throws DecodeError when it is no core module, a section leaves the file, comes twice or out of order.
 */
export function decodeSections(bytes: Uint8Array): Section[] {
  checkHeader(bytes);
  const cursor = new Cursor(bytes, 8);
  const sections: Section[] = [];
  let last = -1;
  while (!cursor.atEnd) {
    const start = cursor.offset;
    if (sections.length === moduleSectionsMax) {
      throw new DecodeError(start, `more than ${moduleSectionsMax} sections`);
    }
    const id = cursor.u8();
    const size = cursor.u32();
    const payloadOffset = cursor.offset;
    const payload = cursor.take(size);
    if (id !== sectionId.custom) {
      const position = orderOf(id);
      if (position < 0) throw new DecodeError(start, `an unknown section id ${id}`);
      if (position <= last) throw new DecodeError(start, `section ${id} twice or out of order`);
      last = position;
    }
    sections.push({ id, raw: bytes.subarray(start, cursor.offset), payload, payloadOffset });
  }
  return sections;
}

/** The module that these sections make. */
export function encodeSections(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const sizeBytes = sections.reduce((sum, section) => sum + section.raw.length, header.length);
  const writer = new ByteWriter(sizeBytes).raw(header);
  for (const section of sections) writer.raw(section.raw);
  return writer.finish();
}

/** A section made anew, its size in the shortest form. */
export function makeSection(id: number, payload: Uint8Array): Section {
  const raw = new ByteWriter(payload.length + 6).u8(id).u32(payload.length).raw(payload).finish();
  return { id, raw, payload, payloadOffset: 0 };
}

/** Puts a section in place of the one with its id, or where the order of ids wants it. */
export function replaceSection(sections: readonly Section[], section: Section): Section[] {
  const index = sections.findIndex((each) => each.id === section.id);
  if (index >= 0) return sections.with(index, section);
  const position = orderOf(section.id);
  const next = sections.findIndex((each) => each.id !== sectionId.custom && orderOf(each.id) > position);
  return sections.toSpliced(next < 0 ? sections.length : next, 0, section);
}

const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

function checkHeader(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new DecodeError(0, "an empty file");
  for (let i = 0; i < 4; i++) {
    if (bytes[i] !== header[i]) throw new DecodeError(0, 'no wasm magic ("\\0asm")');
  }
  if (bytes.length < 8) throw new DecodeError(bytes.length, "unexpected end");
  const [version, layer] = [bytes[4]! | (bytes[5]! << 8), bytes[6]! | (bytes[7]! << 8)];
  if (layer === 1)
    throw new DecodeError(4, "a component (a core module was expected; emend runs WASI preview 1)");
  if (version !== 1 || layer !== 0) throw new DecodeError(4, `wasm version ${version} (1 was expected)`);
}
