/** The author's side of trust: making keys, signing manifests, writing patches. No node needs it. */
export { type Change, describeChanges, encodeManifest, encodePatch } from "./encode-patch.ts";
export {
  generateKeyPair,
  needsPassphrase,
  parseSecretKey,
  publicKeyFile,
  type SecretKey,
  secretKeyFile,
} from "./secret-key.ts";
export { adoptSignature, signManifest } from "./sign.ts";
