/** `emend inspect` on a patch: what it claims. Nothing of it is verified, which the first line says. */
import { sha256Hex } from "../bytes/index.ts";
import { type Envelope, openEnvelope, parseManifest, parseSignatures, patchMagic } from "../trust/index.ts";
import { type PatchReport, patchText, reportPatch } from "./patch-report.ts";
import { printable } from "./printable.ts";

/** The blocks of a patch that can be taken out, for `minisign -V`. */
export const patchBlocks = ["manifest", "signatures"] as const;
export type PatchBlock = (typeof patchBlocks)[number];

/** What a patch claims, and the keys that it claims to be signed with. */
export type ClaimedPatch = PatchReport & {
  readonly verified: false;
  readonly signatures: readonly { readonly keyNumber: string; readonly trustedComment: string }[];
};

/** Whether a file begins as patches do. */
export function looksLikePatch(head: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(head.subarray(0, patchMagic.length)) === patchMagic;
}

/** The manifest or the signatures of a patch, as they are. Throws `patch.format` and `patch.truncated`. */
export function extractBlock(patch: Uint8Array, block: PatchBlock): Uint8Array {
  return openEnvelope(patch)[block satisfies keyof Envelope];
}

/** The report on a patch. Throws `patch.format` and `patch.truncated`. */
export function inspectPatch(patch: Uint8Array): ClaimedPatch {
  const envelope = openEnvelope(patch);
  const signatures = parseSignatures(envelope.signatures).map(({ keyNumber, trustedComment }) => ({
    keyNumber,
    trustedComment,
  }));
  const manifest = parseManifest(envelope.manifest);
  return {
    verified: false,
    signatures,
    ...reportPatch(manifest, sha256Hex(envelope.manifest), patch.length),
  };
}

/** The report for people. */
export function claimedPatchText(report: ClaimedPatch): string {
  return [
    `patch of ${report.bytes.patch} bytes, not verified (emend verify FILE --key NAME.pub does that). It claims:`,
    ...report.signatures.map(
      ({ keyNumber, trustedComment }) => `signed by ${keyNumber}: ${printable(trustedComment)}`,
    ),
    patchText(report),
  ].join("\n");
}
