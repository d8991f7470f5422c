/** Small patches with valid signatures, and the keys of RFC 8032 to make and to judge them with. */
import { contentDigest, sha256Hex } from "../../src/bytes/index.ts";
import { EmendError } from "../../src/errors.ts";
import {
  encodeManifest,
  encodePatch,
  parseSecretKey,
  type SecretKey,
  signManifest,
} from "../../src/signing/index.ts";
import {
  checkPolicy,
  type Keyring,
  type Manifest,
  type ManifestFile,
  openEnvelope,
  type PatchContext,
  payloadsOf,
  verifyEnvelope,
} from "../../src/trust/index.ts";

/** RFC 8032 §7.1, TEST 1, 2 and 3. */
const vectors: readonly (readonly [seed: string, publicKey: string])[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
  ],
];

/** A key whose number is eight times `digit`, or what `number` says. */
function secretKey(at: number, number: Uint8Array = new Uint8Array(8).fill(at + 1)): SecretKey {
  const [seed, publicKey] = vectors[at]!;
  const bytes = new Uint8Array(158);
  bytes.set([0x45, 0x64, 0, 0, 0x42, 0x32]);
  bytes.set(number, 54);
  bytes.set(Uint8Array.fromHex(seed + publicKey), 62);
  return parseSecretKey(`untrusted comment: of a test\n${bytes.toBase64()}\n`);
}

/** Three keys of three people. */
export const keys: { readonly alice: SecretKey; readonly bob: SecretKey; readonly mallory: SecretKey } = {
  alice: secretKey(0),
  bob: secretKey(1),
  mallory: secretKey(2),
};

/** The third key under a number of somebody's choice. */
export function malloryAs(number: Uint8Array): SecretKey {
  return secretKey(2, number);
}

export const hashOf = (name: string): string => sha256Hex(`content ${name}`);
const payloadOf = (bytes: Uint8Array): { size: number; sha256: string } => ({
  size: bytes.length,
  sha256: sha256Hex(bytes),
});

/** What the changed and the new file of samplePatch are sent as. Trust does not look into it. */
export const payloads: readonly Uint8Array[] = [
  new TextEncoder().encode("a delta"),
  new TextEncoder().encode("whole"),
];

/** One file kept, one changed, one new. */
export const sampleFiles: readonly ManifestFile[] = [
  { path: "api.wasm", size: 70, sha256: hashOf("api"), op: "keep" },
  {
    path: "app.js",
    size: 171,
    sha256: hashOf("app v2"),
    op: "delta",
    source: hashOf("app v1"),
    method: "emend-bsdiff",
    payload: payloadOf(payloads[0]!),
  },
  {
    path: "new.css",
    size: 5,
    sha256: sha256Hex(payloads[1]!),
    op: "full",
    method: "none",
    payload: payloadOf(payloads[1]!),
  },
];

export const runningDigest: string = `sha256:${hashOf("release v1")}`;

/** A manifest of sampleFiles, or of others, whose name is right unless it is given. */
export function sampleManifest(changes: Partial<Manifest> = {}): Manifest {
  const files = changes.files ?? sampleFiles;
  return {
    format: 1,
    site: "default",
    strict: false,
    from: runningDigest,
    to: contentDigest(files),
    sequence: 1_763_900_000,
    created: "2026-01-01T00:00:00Z",
    expires: null,
    recipient: null,
    label: "v2",
    files,
    ...changes,
  };
}

/** A patch of a manifest, or of any text in place of one. */
export function samplePatch(
  manifest: Manifest | string = sampleManifest(),
  signers: readonly SecretKey[] = [keys.alice],
  carried: readonly Uint8Array[] = payloads,
): Uint8Array {
  const bytes = typeof manifest === "string" ? new TextEncoder().encode(manifest) : encodeManifest(manifest);
  return encodePatch(
    bytes,
    carried,
    signers.map((signer) => signManifest(bytes, signer, "for a test")),
  );
}

/** Trust in Alice. */
export const keyring: Keyring = { keys: [keys.alice.publicKey], retired: [], threshold: 1 };

/** A node that runs what samplePatch was made from and has seen nothing later. */
export const context: PatchContext = {
  site: "default",
  nodeId: "0123456789abcdef0123456789abcdef",
  nowMs: Date.parse("2026-01-02T00:00:00Z"),
  newestCreatedMs: 0,
  floor: 0,
  running: runningDigest,
  isCommitted: () => false,
  holds: (sha256) => [hashOf("api"), hashOf("app v1")].includes(sha256),
};

/** What a node says to a patch: "accepted", or the code of its refusal. Any other throw is a bug and goes on. */
export function judge(
  patch: Uint8Array,
  trusted: Partial<Keyring> = {},
  node: Partial<PatchContext> = {},
): string {
  try {
    const verified = verifyEnvelope(openEnvelope(patch), { ...keyring, ...trusted });
    checkPolicy(verified, { ...context, ...node });
    for (const { payload } of payloadsOf(verified, patch)) payload.length;
    return "accepted";
  } catch (thrown) {
    if (thrown instanceof EmendError) return thrown.code;
    throw thrown;
  }
}

/** The EmendError that `run` throws, as `code: message`; "accepted" when it throws nothing. */
export function refusalOf(run: () => unknown): string {
  try {
    run();
    return "accepted";
  } catch (thrown) {
    if (thrown instanceof EmendError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
}
