/** Manifest and patch as bytes, from the publisher's side. */

import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import {
  deltaMethods,
  envelopeBytes,
  envelopeHeadBytes,
  type FullMethod,
  type Manifest,
  type ManifestFile,
  type ManifestPayload,
  parseManifest,
  patchMagic,
} from "../trust/index.ts";

/** How one file of a release comes about: what `diffFiles` of the delta room answers. */
export type Change = { readonly path: string; readonly size: number; readonly sha256: string } & (
  | { readonly op: "keep" }
  | {
      readonly op: "delta";
      readonly source: string;
      readonly method: string;
      readonly payload: Uint8Array;
    }
  | { readonly op: "full"; readonly method: FullMethod; readonly payload: Uint8Array }
);

/** The files of a manifest and the payloads in their order. Throws `patch.format` for a method that no patch may use. */
export function describeChanges(changes: readonly Change[]): {
  files: ManifestFile[];
  payloads: Uint8Array[];
} {
  const files = changes.map(describeChange);
  const payloads = changes.flatMap((change) => (change.op === "keep" ? [] : [change.payload]));
  return { files, payloads };
}

/**
 * The bytes of a manifest: the same for the same content, since keys stand in the order of release-and-patch and
 * files in the order given, without white space. Throws `patch.format` when no node would take them.
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { format, site, strict, from, to, sequence, created, expires, recipient, label, files } = manifest;
  const head = { format, site, strict, from, to, sequence, created, expires, recipient, label };
  const bytes = new TextEncoder().encode(JSON.stringify({ ...head, files: files.map(inOrder) }));
  // By the reader that every node has.
  parseManifest(bytes);
  return bytes;
}

/**
 * A patch. Whether signatures and payloads fit the manifest is not looked at: a node does. Throws `patch.format`
 * when manifest or signatures are longer than a patch can carry.
 */
export function encodePatch(
  manifest: Uint8Array,
  payloads: readonly Uint8Array[],
  signatures: readonly Uint8Array[],
): Uint8Array {
  const signed = Buffer.concat(signatures);
  const head = new Uint8Array(envelopeHeadBytes);
  head.set(new TextEncoder().encode(patchMagic));
  const view = new DataView(head.buffer);
  view.setUint32(12, manifest.length, true);
  view.setUint32(16, signed.length, true);
  // By the reader that every node has: it refuses what is empty or too long.
  envelopeBytes(head);
  return Buffer.concat([head, manifest, signed, ...payloads]);
}

function describeChange(change: Change): ManifestFile {
  const { path, size, sha256 } = change;
  const named = { path, size, sha256 };
  switch (change.op) {
    case "keep":
      return { ...named, op: "keep" };
    case "delta": {
      const method = deltaMethods.find((known) => known === change.method);
      if (method === undefined)
        throw new EmendError("patch.format", `no patch carries ${change.method} deltas`);
      return { ...named, op: "delta", source: change.source, method, payload: payloadOf(change.payload) };
    }
    case "full":
      return { ...named, op: "full", method: change.method, payload: payloadOf(change.payload) };
  }
}

function payloadOf(bytes: Uint8Array): ManifestPayload {
  return { size: bytes.length, sha256: sha256Hex(bytes) };
}

function inOrder(file: ManifestFile): ManifestFile {
  const { path, size, sha256 } = file;
  const named = { path, size, sha256 };
  if (file.op === "keep") return { ...named, op: file.op };
  const payload = { size: file.payload.size, sha256: file.payload.sha256 };
  if (file.op === "full") return { ...named, op: file.op, method: file.method, payload };
  return { ...named, op: file.op, source: file.source, method: file.method, payload };
}
