/**
 * A module as it goes to the engine, with what its host has to know of it, and the form in which an executable keeps
 * that beside the module itself, so that a start need not make it again:
 *
 * ```
 * 0     4   N, length of the description, u32 little-endian
 * 4     N   all fields but `bytes`, UTF-8 JSON
 * 4+N   …   `bytes`
 * ```
 *
 * Only the build that wrote it reads it: nothing in it is checked again.
 */
import type { ExposedModule, MeterLimits } from "../wasm/index.ts";
import type { Link } from "./link-module.ts";
import type { Metering } from "./meter.ts";

/** Plain data and bytes. */
export interface RewrittenModule {
  readonly name: string;
  /** Length of the module that it was made from. */
  readonly sizeBytes: number;
  /** Memories and tables of an instance to begin with. */
  readonly memoryBytes: number;
  readonly tableBytes: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What it wants of its host, one for each ABI that it imports from. */
  readonly links: readonly Link[];
  readonly exports: ExposedModule["exports"];
  /** Exports that run before the snapshot is taken, in order. */
  readonly initializers: readonly string[];
  /** Why an instance cannot be put back after a run, empty when it can. */
  readonly unrestorable: readonly string[];
  /** How its instances are metered; undefined for ones that nothing limits. */
  readonly metering: Metering | undefined;
}

/** What a module is rewritten for. */
export interface RewriteOptions {
  /** Whether its instances run once: then nothing is prepared for putting them back, which takes as long as compiling. */
  readonly once?: true;
  /** Meters the module: its instances need a `Meter`, and can neither run nor grow nor call without bounds. */
  readonly limits?: MeterLimits;
}

/** The form to keep. */
export function encodeRewritten({ bytes, ...description }: RewrittenModule): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(description));
  const encoded = new Uint8Array(4 + text.length + bytes.length);
  new DataView(encoded.buffer).setUint32(0, text.length, true);
  encoded.set(text, 4);
  encoded.set(bytes, 4 + text.length);
  return encoded;
}

/** What was kept. */
export function decodeRewritten(encoded: Uint8Array<ArrayBuffer>): RewrittenModule {
  const length = new DataView(encoded.buffer, encoded.byteOffset).getUint32(0, true);
  const description = JSON.parse(new TextDecoder().decode(encoded.subarray(4, 4 + length)));
  return { ...description, bytes: encoded.subarray(4 + length) };
}
