/**
 * A module of one function that makes a range of a memory zero again: `clear(start, end)`, both multiples of
 * 4 KiB. It reads before it writes. Most of what a guest leaves alone is zero already, and reading that is
 * several times cheaper than writing it; a block with anything in it is filled.
 *
 * ```wat
 * (func (export "clear") (param $at i32) (param $end i32) (local $next i32)
 *   (block $done (loop $block
 *     (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
 *     (local.set $next (i32.add (local.get $at) (i32.const 4096)))
 *     (block $dirty
 *       (loop $line
 *         (br_if $dirty (v128.any_true (v128.or (v128.load (local.get $at)) …16 of them…)))
 *         (local.set $at (i32.add (local.get $at) (i32.const 256)))
 *         (br_if $line (i32.lt_u (local.get $at) (local.get $next))))
 *       (br $block))
 *     (memory.fill (i32.sub (local.get $next) (i32.const 4096)) (i32.const 0) (i32.const 4096))
 *     (local.set $at (local.get $next))
 *     (br $block))))
 * ```
 */
import { ByteWriter } from "../bytes/index.ts";
import { encodeSections, makeSection, sectionId } from "../wasm/index.ts";

/** Bytes that are cleared or left alone together. */
export const clearBlockBytes = 4096;

/** Clears from `start` to `end`, byte offsets. */
export type Clear = (start: number, end: number) => void;

/** Undefined where the processor has no SIMD. */
let clearModule: WebAssembly.Module | null | undefined;

/** The function for one memory; undefined where the machine cannot do it, and filling has to serve. */
export function clearerOf(memory: WebAssembly.Memory): Clear | undefined {
  clearModule ??= compile();
  if (clearModule === null) return undefined;
  const { clear } = new WebAssembly.Instance(clearModule, { host: { memory } }).exports;
  return clear as Clear;
}

function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(encodeClearModule());
  } catch {
    return null;
  }
}

function encodeClearModule(): Uint8Array<ArrayBuffer> {
  const i32 = 0x7f;
  const body = encodeBody();
  return encodeSections([
    makeSection(sectionId.type, Uint8Array.of(1, 0x60, 2, i32, i32, 0)),
    makeSection(sectionId.import, new ByteWriter().u8(1).name("host").name("memory").u8(2, 0, 0).finish()),
    makeSection(sectionId.function, Uint8Array.of(1, 0)),
    makeSection(sectionId.export, new ByteWriter().u8(1).name("clear").u8(0, 0).finish()),
    makeSection(sectionId.code, new ByteWriter().u8(1).u32(body.length).raw(body).finish()),
  ]);
}

function encodeBody(): Uint8Array {
  const [at, end, next] = [0, 1, 2];
  const [vectorBytes, vectors] = [16, 16];
  const out = new ByteWriter().u8(1, 1, 0x7f);
  out.u8(0x02, 0x40, 0x03, 0x40);
  out.u8(0x20, at, 0x20, end, 0x4f, 0x0d, 1);
  out.u8(0x20, at, 0x41).s32(clearBlockBytes).u8(0x6a, 0x21, next);
  out.u8(0x02, 0x40, 0x03, 0x40);
  for (let i = 0; i < vectors; i++) {
    out.u8(0x20, at, 0xfd, 0x00, 0).u32(i * vectorBytes);
    if (i > 0) out.u8(0xfd, 0x50);
  }
  out.u8(0xfd, 0x53, 0x0d, 1);
  out
    .u8(0x20, at, 0x41)
    .s32(vectors * vectorBytes)
    .u8(0x6a, 0x21, at);
  out.u8(0x20, at, 0x20, next, 0x49, 0x0d, 0, 0x0b);
  out.u8(0x0c, 1, 0x0b);
  out.u8(0x20, next, 0x41).s32(clearBlockBytes).u8(0x6b, 0x41, 0, 0x41).s32(clearBlockBytes).u8(0xfc, 11, 0);
  out.u8(0x20, next, 0x21, at, 0x0c, 0, 0x0b, 0x0b, 0x0b);
  return out.finish();
}
