/** Ed25519 with secrets as minisign keeps them: the 32 bytes of RFC 8032 §5.1.5. */

/** PKCS #8 in DER around a seed (RFC 8410 §7): the only form in which node:crypto takes one without its public half. */
const pkcs8Head: Uint8Array = Uint8Array.fromHex("302e020100300506032b657004220420");

/** The public key, 32 bytes, that belongs to a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const { x } = nodeCrypto().createPublicKey(secretKeyObject(seed)).export({ format: "jwk" });
  return Uint8Array.fromBase64(x ?? "", { alphabet: "base64url" });
}

/** The signature, 64 bytes, over `message` (RFC 8032 §5.1.6). */
export function signWith(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return nodeCrypto().sign(null, message, secretKeyObject(seed));
}

function secretKeyObject(seed: Uint8Array): import("node:crypto").KeyObject {
  const key = Buffer.concat([pkcs8Head, seed]);
  return nodeCrypto().createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** Loaded with the first key: most commands sign nothing. */
function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
