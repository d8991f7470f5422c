/** Who may change a site, and what exactly they have signed. Pure: no clock, no disk, no network. */
export { type Envelope, envelopeBytes, envelopeHeadBytes, openEnvelope, patchMagic } from "./envelope.ts";
export {
  type DeltaMethod,
  deltaMethods,
  type FullMethod,
  formatInstant,
  fullMethods,
  type Manifest,
  type ManifestFile,
  type ManifestPayload,
  parseManifest,
} from "./manifest.ts";
export { type CarriedFile, patchBytes, payloadsOf } from "./payloads.ts";
export { checkPolicy, type PatchContext } from "./policy.ts";
export { keyNumberText, type PublicKey, parsePublicKey } from "./public-key.ts";
export { parseSignatures, type SignatureFile, trustedPrefix, untrustedLine } from "./signature-file.ts";
export { type Keyring, recallEnvelope, type VerifiedManifest, verifyEnvelope } from "./verify-envelope.ts";
