/**
 * `emend-wasm`: a delta for WebAssembly modules. The target is first rewritten with the source's
 * function indices, addresses and constants (the room `wasm`), so that what only moved does not
 * differ; the delta makes the rewritten module, and the maps beside it turn that into the target.
 *
 *     head          as in head.ts, magic "EMW1"; the target is the final module
 *     LEB128        size of the rewritten module
 *     1 byte        coder of the maps
 *     LEB128 ×2     length of the maps before and after coding
 *     coded maps    wasm/README.md
 *     body          as in container.ts, from the source to the rewritten module
 */
import { EmendError } from "../errors.ts";
import { memoryReader, readBytes } from "./byte-reader.ts";
import { coders, codingPlan, type Effort, encodeSmallest } from "./coder.ts";
import { applyBody, type Draft, readBody, writeBody } from "./container.ts";
import { type Head, readHead, writeHead } from "./head.ts";
import { inflate } from "./inflate.ts";
import { fileBytesMax, mapsBytesMax } from "./limits.ts";
import { readVarint, writeVarint } from "./varint.ts";
import { type MappedModule, unmapModule } from "./wasm/index.ts";

export const moduleMagic = "EMW1";

/** Writes the delta; `draft` is of what makes `mapped.rewritten` from the source. */
export function encodeModule(
  head: Head,
  mapped: MappedModule,
  draft: Draft,
  effort: Effort,
): Uint8Array<ArrayBuffer> {
  const to = writeHead(moduleMagic, head);
  const maps = encodeSmallest(mapped.maps, codingPlan(effort, mapped.rewritten.length));
  writeVarint(to, mapped.rewritten.length);
  to.u8(coders.indexOf(maps.coder));
  writeVarint(to, mapped.maps.length);
  writeVarint(to, maps.bytes.length);
  to.raw(maps.bytes);
  writeBody(to, draft, effort);
  return to.finish().slice();
}

/** The head and what applies the delta to the source that the head names. Throws `delta.*`. */
export function decodeModule(bytes: Uint8Array): { head: Head; apply: (source: Uint8Array) => Uint8Array } {
  const { head, end } = readHead(bytes);
  const reader = memoryReader("maps", bytes);
  reader.at = end;
  const rewrittenSize = readVarint(reader);
  // A rewritten value may be longer than the one it stands for, a LEB128 of 5 bytes in the place of 1.
  if (rewrittenSize > Math.min(fileBytesMax, 5 * head.targetSize)) {
    throw new EmendError(
      "delta.bomb",
      `a rewritten module of ${rewrittenSize} bytes for one of ${head.targetSize}`,
    );
  }
  const coder = coders[readBytes(reader, 1)[0]!];
  if (coder === undefined) throw new EmendError("delta.format", "the maps are coded in an unknown way");
  const mapsSize = readVarint(reader);
  if (mapsSize > mapsBytesMax) {
    throw new EmendError("delta.bomb", `maps of ${mapsSize} bytes, at most ${mapsBytesMax}`);
  }
  const coded = readVarint(reader);
  if (coded > bytes.length - reader.at) {
    throw new EmendError("delta.truncated", `${bytes.length - reader.at} bytes of maps, expected ${coded}`);
  }
  const codedMaps = readBytes(reader, coded);
  const body = readBody(bytes, reader.at);
  return {
    head,
    apply(source) {
      const maps = coder === "none" ? codedMaps : inflate("maps", coder, codedMaps, mapsSize);
      if (maps.length !== mapsSize) {
        throw new EmendError("delta.format", `maps of ${maps.length} bytes, expected ${mapsSize}`);
      }
      return unmapModule(applyBody(body, source, rewrittenSize), maps);
    },
  };
}
