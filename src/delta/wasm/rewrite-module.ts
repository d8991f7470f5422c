/**
 * One pass over a module that puts other values into its immediates and leaves everything else as it is.
 * Both directions are this pass: the author's with new values to old ones, the node's with old ones to new.
 *
 * An integer in its shortest form is written in its shortest form. A padded one keeps its length (linkers
 * pad to 5 bytes), or gets one byte more than its value needs, so that it can still be told apart. The sizes
 * of sections, bodies and name subsections follow what they hold. The result need not be a valid module: a
 * value may be larger than its field.
 */
import {
  DecodeError,
  lebExactBytesMax,
  readSignedLeb,
  readUnsignedLeb,
  signedLebLength,
  unsignedLebLength,
  writeLeb,
} from "../../bytes/index.ts";
import {
  ImmediateList,
  immediateKind,
  isSignedImmediate,
  scanBody,
  scanExpression,
  sectionId,
} from "../../wasm/index.ts";
import { wordBounds } from "./data-words.ts";
import { dataSpace, type SpaceMap, type SpaceMaps, spaceOfKind } from "./space.ts";

/** Length to which linkers pad 32-bit integers. */
const paddedBytes = 5;

/** Whether the values become those of the source (the author's way) or those of the target (the node's). */
export type Direction = "to-source" | "to-target";

/**
 * Rewrites a module. Stops writing, but not counting, at `lengthMax` bytes.
 *
 * @returns the bytes, or undefined when they would be more than `lengthMax`.
 * @throws DecodeError when the module's structure cannot be followed.
 */
export function rewriteModule(
  module: Uint8Array,
  maps: SpaceMaps,
  direction: Direction,
  lengthMax: number,
): Uint8Array<ArrayBuffer> | undefined {
  return new Rewriter(module, maps, direction, lengthMax).module();
}

class Rewriter {
  readonly #in: Uint8Array;
  readonly #out: Uint8Array<ArrayBuffer>;
  /** By kind of immediate; none where nothing moves. */
  readonly #mapOfKind: readonly (SpaceMap | undefined)[];
  readonly #wordMap: SpaceMap;
  readonly #toTarget: boolean;
  readonly #list = new ImmediateList();
  /** Next byte to read. */
  #at = 0;
  /** Next byte to write; past the end of `#out` once that is full (typed arrays drop such writes). */
  #to = 0;

  constructor(module: Uint8Array, maps: SpaceMaps, direction: Direction, lengthMax: number) {
    this.#in = module;
    this.#mapOfKind = spaceOfKind.map((space) => (maps[space]!.isEmpty ? undefined : maps[space]));
    this.#wordMap = maps[dataSpace]!;
    this.#toTarget = direction === "to-target";
    this.#out = new Uint8Array(lengthMax);
  }

  module(): Uint8Array<ArrayBuffer> | undefined {
    this.#copyTo(8);
    while (this.#at < this.#in.length) {
      const id = this.#byte();
      this.#sized(this.#in.length, (end) => this.#section(id, end));
    }
    return this.#to <= this.#out.length ? this.#out.subarray(0, this.#to) : undefined;
  }

  #section(id: number, end: number): void {
    switch (id) {
      case sectionId.custom:
        this.#customSection(end);
        break;
      case sectionId.import:
        this.#each(end, () => this.#import(end));
        break;
      case sectionId.function:
        this.#each(end, () => this.#index(immediateKind.type));
        break;
      case sectionId.global:
        this.#each(end, () => {
          this.#valueType();
          this.#byte();
          this.#expression(end);
        });
        break;
      case sectionId.export:
        this.#each(end, () => {
          this.#name(end);
          this.#exportedIndex(this.#byte());
        });
        break;
      case sectionId.start:
        this.#index(immediateKind.function);
        break;
      case sectionId.element:
        this.#each(end, () => this.#element(end));
        break;
      case sectionId.code:
        this.#each(end, () => this.#sized(end, this.#body));
        break;
      case sectionId.data:
        this.#each(end, () => this.#data(end));
        break;
      default:
        this.#copyTo(end);
    }
  }

  readonly #body = (end: number): void => {
    scanBody(this.#in, this.#at, end, this.#list);
    this.#immediates();
    this.#copyTo(end);
  };

  /** Copies up to each immediate of `#list` that changes and writes that anew. */
  #immediates(): void {
    const { kinds, starts, ends, count } = this.#list;
    const bytes = this.#in;
    const mapOfKind = this.#mapOfKind;
    for (let i = 0; i < count; i++) {
      const kind = kinds[i]!;
      const map = mapOfKind[kind];
      if (map === undefined) continue;
      const start = starts[i]!;
      const end = ends[i]!;
      if (end - start > lebExactBytesMax) continue;
      const signed = isSignedImmediate[kind]!;
      const value = signed ? readSignedLeb(bytes, start, end) : readUnsignedLeb(bytes, start, end);
      const mapped = map.get(value);
      if (mapped === value) continue;
      this.#copyTo(start);
      this.#at = end;
      const before = signed ? signedLebLength(value) : unsignedLebLength(value);
      const after = signed ? signedLebLength(mapped) : unsignedLebLength(mapped);
      this.#to = writeLeb(this.#out, this.#to, mapped, lengthLike(end - start, before, after));
    }
  }

  #expression(sectionEnd: number): void {
    const end = scanExpression(this.#in, this.#at, sectionEnd, this.#list);
    this.#immediates();
    this.#copyTo(end);
  }

  #index(kind: number): void {
    const list = this.#list;
    list.count = 0;
    list.push(kind, this.#at, this.#lebEnd());
    this.#immediates();
    this.#copyTo(list.ends[0]!);
  }

  #import(end: number): void {
    this.#name(end);
    this.#name(end);
    const kind = this.#byte();
    if (kind === 1 || kind === 3) this.#valueType();
    if (kind === 3 || kind === 4) this.#byte();
    if (kind === 1 || kind === 2) this.#limits();
    if (kind === 0 || kind === 4) this.#index(immediateKind.type);
  }

  #exportedIndex(kind: number): void {
    if (kind === 0) this.#index(immediateKind.function);
    else if (kind === 3) this.#index(immediateKind.global);
    else this.#leb();
  }

  /** Bit 0: passive or declarative; bit 1: a table index or a declaration; bit 2: expressions (core spec §5.5.12). */
  #element(end: number): void {
    const flags = this.#leb();
    if (flags > 7) throw new DecodeError(this.#at, `element flags ${flags}`);
    if ((flags & 3) === 2) this.#leb();
    if ((flags & 1) === 0) this.#expression(end);
    if ((flags & 3) !== 0) {
      if (flags & 4) this.#valueType();
      else this.#byte();
    }
    if (flags & 4) this.#each(end, () => this.#expression(end), false);
    else this.#each(end, () => this.#index(immediateKind.function), false);
  }

  #data(end: number): void {
    const flags = this.#leb();
    if (flags > 2) throw new DecodeError(this.#at, `data flags ${flags}`);
    if (flags === 2) this.#leb();
    const address = flags === 1 ? 0 : this.#address(end);
    const length = this.#leb();
    if (length > end - this.#at) throw new DecodeError(this.#at, `${length} bytes missing`);
    const dataEnd = this.#at + length;
    if (!this.#wordMap.isEmpty) this.#words(address, dataEnd);
    this.#copyTo(dataEnd);
  }

  /** Rewrites an address that is one constant, and returns the target's: words are counted from that. */
  #address(sectionEnd: number): number {
    const start = this.#at;
    const list = this.#list;
    const end = scanExpression(this.#in, start, sectionEnd, list);
    const isConstant = this.#in[start] === 0x41 && list.ends[0] === end - 1;
    const value = isConstant ? readSignedLeb(this.#in, start + 1, end - 1) : 0;
    // No address is above 2 GiB here: as a signed integer it would be another one.
    const mapped = value > 0 ? this.#wordMap.get(value) : value;
    if (mapped !== value) {
      this.#copyTo(start + 1);
      this.#at = end - 1;
      const length = lengthLike(end - start - 2, signedLebLength(value), signedLebLength(mapped));
      this.#to = writeLeb(this.#out, this.#to, mapped, length);
    }
    this.#copyTo(end);
    return (this.#toTarget ? mapped : value) >>> 0;
  }

  #words(address: number, dataEnd: number): void {
    const [from, end] = wordBounds(address, this.#at, dataEnd);
    const map = this.#wordMap;
    const bytes = this.#in;
    for (let at = from; at < end; at += 4) {
      const value =
        (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
      const mapped = map.get(value);
      if (mapped === value) continue;
      this.#copyTo(at);
      const to = this.#to;
      this.#out[to] = mapped;
      this.#out[to + 1] = mapped >>> 8;
      this.#out[to + 2] = mapped >>> 16;
      this.#out[to + 3] = mapped >>> 24;
      this.#at += 4;
      this.#to += 4;
    }
  }

  /** The name section counts functions, types and globals too; other custom sections are only bytes. */
  #customSection(end: number): void {
    const start = this.#at;
    this.#name(end);
    const isNames = this.#at - start === 5 && nameOfNames.every((byte, i) => byte === this.#in[start + i]);
    while (isNames && this.#at < end) {
      const id = this.#byte();
      this.#sized(end, (subsectionEnd) => this.#nameSubsection(id, subsectionEnd));
    }
    this.#copyTo(end);
  }

  #nameSubsection(id: number, end: number): void {
    const kind = kindOfNames[id];
    if (kind === undefined) {
      this.#copyTo(end);
      return;
    }
    const named = (): void => this.#name(end);
    const numberedNames = (): void => {
      this.#leb();
      this.#name(end);
    };
    const inner = id === 2 || id === 3 ? (): void => this.#each(end, numberedNames, false) : named;
    this.#each(end, () => {
      this.#index(kind);
      inner();
    });
  }

  /** A count and that many things, which fill up to `end` when they are the section's only ones. */
  #each(end: number, one: () => void, fills = true): void {
    for (let count = this.#leb(); count > 0; count--) {
      if (this.#at >= end) throw new DecodeError(this.#at, "more entries than bytes");
      one();
    }
    if (fills && this.#at !== end) throw new DecodeError(this.#at, `entries that do not end at ${end}`);
  }

  /** A size and that many bytes: the size is written behind what `content` made of them. */
  #sized(limit: number, content: (end: number) => void): void {
    const start = this.#at;
    const sizeEnd = this.#lebEnd();
    const size = readUnsignedLeb(this.#in, start, sizeEnd);
    const end = sizeEnd + size;
    if (end > limit) throw new DecodeError(start, `a size of ${size} with ${limit - sizeEnd} bytes left`);
    const from = this.#to;
    this.#at = sizeEnd;
    this.#to = from + sizeEnd - start;
    content(end);
    if (this.#at !== end) throw new DecodeError(this.#at, `content that does not end at ${end}`);

    const contentFrom = from + sizeEnd - start;
    const written = this.#to - contentFrom;
    const length = lengthLike(sizeEnd - start, unsignedLebLength(size), unsignedLebLength(written));
    if (from + length !== contentFrom) {
      this.#out.copyWithin(from + length, contentFrom, this.#to);
      this.#to = from + length + written;
    }
    writeLeb(this.#out, from, written, length);
  }

  #limits(): void {
    const flags = this.#byte();
    this.#leb();
    if (flags & 1) this.#leb();
  }

  #valueType(): void {
    const type = this.#byte();
    if (type === 0x63 || type === 0x64) this.#leb();
  }

  #name(limit: number): void {
    const length = this.#leb();
    if (length > limit - this.#at) throw new DecodeError(this.#at, `${length} bytes missing`);
    this.#copyTo(this.#at + length);
  }

  #byte(): number {
    const byte = this.#in[this.#at];
    if (byte === undefined) throw new DecodeError(this.#at, "unexpected end");
    this.#copyTo(this.#at + 1);
    return byte;
  }

  /** Copies an unsigned integer as it is. */
  #leb(): number {
    const start = this.#at;
    this.#copyTo(this.#lebEnd());
    return readUnsignedLeb(this.#in, start, this.#at);
  }

  #lebEnd(): number {
    let end = this.#at;
    while (this.#in[end++]! >= 0x80);
    if (end > this.#in.length) throw new DecodeError(this.#at, "unexpected end");
    if (end - this.#at > lebExactBytesMax) throw new DecodeError(this.#at, "an integer that is too long");
    return end;
  }

  /** Copies what lies between `#at` and `end`. Runs are short: a loop beats a call. */
  #copyTo(end: number): void {
    const from = this.#at;
    const to = this.#to;
    const [input, output] = [this.#in, this.#out];
    const length = end - from;
    this.#at = end;
    this.#to = to + length;
    if (length <= 64) {
      for (let i = 0; i < length; i++) output[to + i] = input[from + i]!;
    } else if (to < output.length) {
      output.set(input.subarray(from, Math.min(end, from + output.length - to)), to);
    }
  }
}

/** `name` with its length. */
const nameOfNames = [4, 0x6e, 0x61, 0x6d, 0x65];

/** What the subsections of the name section number: functions, their locals and labels, types, globals. */
const kindOfNames: Readonly<Record<number, number>> = {
  1: immediateKind.function,
  2: immediateKind.function,
  3: immediateKind.function,
  4: immediateKind.type,
  7: immediateKind.global,
};

/** How long the new value is written: shortest if the old one was, else padded. */
function lengthLike(length: number, shortestBefore: number, shortestAfter: number): number {
  if (length === shortestBefore) return shortestAfter;
  return Math.max(shortestAfter + 1, Math.min(length, paddedBytes));
}
