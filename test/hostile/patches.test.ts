/** Every attack on a node by way of a patch, by its name, and the code that names it back. */
import { describe, expect, test } from "bun:test";
import { contentDigest } from "../../src/bytes/index.ts";
import { signManifest } from "../../src/signing/index.ts";
import { type Keyring, type ManifestFile, openEnvelope, type PatchContext } from "../../src/trust/index.ts";
import {
  context,
  hashOf,
  judge,
  keys,
  malloryAs,
  payloads,
  sampleFiles,
  sampleManifest,
  samplePatch,
} from "../support/signed-patches.ts";

const { alice, bob, mallory } = keys;
const text = new TextEncoder();

type Attack = {
  readonly name: string;
  readonly code: string;
  readonly patch: () => Uint8Array;
  readonly keyring?: Partial<Keyring>;
  readonly node?: Partial<PatchContext>;
};

/** A patch put together by hand: lengths, blocks and payloads as they come. */
function rawPatch(m: number, s: number, ...blocks: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.from("EMENDPATCH1\n\0\0\0\0\0\0\0\0");
  head.writeUInt32LE(m, 12);
  head.writeUInt32LE(s, 16);
  return Buffer.concat([head, ...blocks]);
}

/** The signed manifest of a patch with other signatures. */
function withSignatures(patch: Uint8Array, ...signatures: readonly (Uint8Array | string)[]): Uint8Array {
  const { manifest, payloadsOffset } = openEnvelope(patch);
  const block = Buffer.concat(signatures.map((each) => Buffer.from(each)));
  return rawPatch(manifest.length, block.length, manifest, block, patch.subarray(payloadsOffset));
}

/** The sample with a change in the text of its signatures. */
function withEditedSignature(edit: (signature: string) => string): Uint8Array {
  const patch = samplePatch();
  return withSignatures(patch, edit(new TextDecoder().decode(openEnvelope(patch).signatures)));
}

/** The digit of base64 after this one: of two bits that mean nothing, the lower one is then 1. */
function nextDigit(digit: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return digits[digits.indexOf(digit) + 1]!;
}

const full = (path: string): ManifestFile => ({ ...sampleFiles[2]!, path });
const kept = (path: string): ManifestFile => ({ ...sampleFiles[0]!, path });

/** A manifest of any shape, with valid signatures: the publisher's tools are at fault, or in other hands. */
function signedJson(change: Record<string, unknown>): Uint8Array {
  return samplePatch(JSON.stringify({ ...sampleManifest(), ...change }));
}

const withPaths = (...paths: readonly string[]): Uint8Array =>
  samplePatch(sampleManifest({ files: paths.map(kept) }), [alice], []);

const manifestAttacks: readonly Attack[] = [
  ["another format", { format: 2 }],
  ["an unknown key", { keys: ["RWQ…"] }],
  ["a key of every object", { constructor: 1 }],
  ["no files", { files: [] }],
  ["a sequence of zero", { sequence: 0 }],
  ["a negative sequence", { sequence: -1 }],
  ["a sequence of 2^53", { sequence: 2 ** 53 }],
  ["a sequence that is no whole number", { sequence: 1.5 }],
  ["a digest in upper case", { to: sampleManifest().to.toUpperCase() }],
  ["a date that is none", { created: "2026-02-30T00:00:00Z" }],
  ["a date with an offset", { created: "2026-01-01T00:00:00+00:00" }],
  ["an expiry before its creation", { expires: "2025-12-31T23:59:59Z" }],
  ["a recipient that is no id", { recipient: "*" }],
  ["a label that drives a terminal", { label: "\u001b[2J" }],
  ["a label with half a character", { label: "\ud800" }],
  ["strictness about no release", { strict: true, from: null }],
  ["a full release that keeps files", { from: null }],
  ["a size beyond 2^53", { files: [{ ...kept("a"), size: 2 ** 60 }] }],
  ["one content with two sizes", { files: [kept("a"), { ...kept("b"), size: 71 }] }],
  ["an unknown operation", { files: [{ ...kept("a"), op: "move" }] }],
  ["an unknown method", { files: [{ ...full("a"), method: "xz" }] }],
  ["a delta of a foreign format", { files: [{ ...sampleFiles[1]!, method: "bsdiff40" }] }],
  ["a kept file with a payload", { files: [{ ...full("a"), op: "keep" }] }],
  ["100,000 entries", { files: Array.from({ length: 100_000 }, () => 0) }],
].map(([name, change]) => ({
  name: `a signed manifest with ${name}`,
  code: "patch.format",
  patch: () => signedJson(change as Record<string, unknown>),
}));

const pathAttacks: readonly Attack[] = [
  ["a way out of the site", ["../../etc/passwd"]],
  ["a way out in the middle", ["public/../../key"]],
  ["an absolute path", ["/etc/passwd"]],
  ["a path for Windows", ["..\\key"]],
  ["a NUL", ["a.wasm\0.txt"]],
  ["an empty path", [""]],
  ["a path of 513 bytes", ["x".repeat(513)]],
  ["one path twice", ["a", "b", "a"]],
  ["two paths that differ by case", ["Index.html", "index.HTML"]],
  ["two paths that differ by full case folding", ["straße", "STRASSE"]],
  ["a decomposed path", ["e\u0301"]],
  ["two paths that differ by Unicode form", ["\u00e9", "e\u0301"]],
].map(([name, paths]) => ({
  name: `a signed list with ${name}`,
  code: "patch.path",
  patch: () => withPaths(...(paths as string[])),
}));

const attacks: readonly Attack[] = [
  // Arbitrary installation.
  {
    name: "a patch signed by a stranger",
    code: "patch.unknown-key",
    patch: () => samplePatch(sampleManifest(), [mallory]),
  },
  {
    name: "a patch signed by a stranger under a trusted number",
    code: "patch.signature",
    patch: () => samplePatch(sampleManifest(), [malloryAs(alice.number)]),
  },
  {
    name: "the signature of another manifest",
    code: "patch.signature",
    patch: () => {
      const other = samplePatch(sampleManifest({ label: "v3" }));
      return withSignatures(samplePatch(), openEnvelope(other).signatures);
    },
  },
  {
    name: "a false signature beside a good one",
    code: "patch.signature",
    patch: () => {
      const patch = samplePatch();
      const { manifest, signatures } = openEnvelope(patch);
      return withSignatures(patch, signatures, signManifest(manifest, malloryAs(bob.number), "x"));
    },
    keyring: { keys: [alice.publicKey, bob.publicKey] },
  },
  {
    name: "another trusted comment",
    code: "patch.signature",
    patch: () => withEditedSignature((signature) => signature.replace("for a test", "for a rest")),
  },
  { name: "a node that trusts nobody", code: "patch.unknown-key", patch: samplePatch, keyring: { keys: [] } },
  {
    name: "a retired key",
    code: "patch.unknown-key",
    patch: samplePatch,
    keyring: { keys: [alice.publicKey, bob.publicKey], retired: [alice.publicKey] },
  },
  // Key compromise below a threshold.
  {
    name: "one of two keys",
    code: "patch.threshold",
    patch: samplePatch,
    keyring: { keys: [alice.publicKey, bob.publicKey], threshold: 2 },
  },
  {
    name: "one key that signs twice",
    code: "patch.threshold",
    patch: () => samplePatch(sampleManifest(), [alice, alice]),
    keyring: { keys: [alice.publicKey, bob.publicKey], threshold: 2 },
  },
  {
    name: "one key that is listed twice, under two numbers",
    code: "patch.threshold",
    patch: () => samplePatch(sampleManifest(), [mallory, malloryAs(bob.number)]),
    keyring: { keys: [mallory.publicKey, malloryAs(bob.number).publicKey], threshold: 2 },
  },
  {
    name: "one of two keys and a retired one",
    code: "patch.threshold",
    patch: () => samplePatch(sampleManifest(), [alice, bob]),
    keyring: { keys: [alice.publicKey, bob.publicKey], retired: [bob.publicKey], threshold: 2 },
  },
  {
    name: "one of two keys and a stranger",
    code: "patch.threshold",
    patch: () => samplePatch(sampleManifest(), [alice, mallory]),
    keyring: { keys: [alice.publicKey, bob.publicKey], threshold: 2 },
  },
  // Signatures in another form.
  {
    name: "a legacy signature",
    code: "patch.format",
    patch: () => withEditedSignature((signature) => signature.replace("\nRUQ", "\nRWQ")),
  },
  {
    name: "a hidden message in the untrusted comment",
    code: "patch.format",
    patch: () => withEditedSignature((signature) => signature.replace("emend patch", "from minisign")),
  },
  {
    name: "line ends of Windows",
    code: "patch.format",
    patch: () => withEditedSignature((signature) => signature.replaceAll("\n", "\r\n")),
  },
  {
    name: "a bit in the unused part of the base64",
    code: "patch.format",
    patch: () =>
      withEditedSignature((signature) => signature.replace(/(.)=\n/, (_, last) => `${nextDigit(last)}=\n`)),
  },
  {
    name: "base64 without its padding",
    code: "patch.format",
    patch: () => withEditedSignature((signature) => signature.replace("=\n", "\n")),
  },
  {
    name: "no line end at the end",
    code: "patch.format",
    patch: () => withEditedSignature((signature) => signature.trimEnd()),
  },
  {
    name: "lines behind the signature",
    code: "patch.format",
    patch: () => withEditedSignature((signature) => `${signature}\n`),
  },
  // A header that lies; endless data.
  { name: "something else altogether", code: "patch.format", patch: () => text.encode("PK\x03\x04") },
  { name: "nothing", code: "patch.truncated", patch: () => new Uint8Array() },
  { name: "a manifest of 4 GiB", code: "patch.format", patch: () => rawPatch(0xffff_ffff, 280) },
  { name: "signatures of 4 GiB", code: "patch.format", patch: () => rawPatch(900, 0xffff_ffff) },
  { name: "an empty manifest", code: "patch.format", patch: () => rawPatch(0, 280, new Uint8Array(280)) },
  { name: "no signatures", code: "patch.format", patch: () => rawPatch(2, 0, text.encode("{}")) },
  { name: "a manifest that is not there", code: "patch.truncated", patch: () => rawPatch(900, 280) },
  {
    name: "a boundary moved into the manifest",
    code: "patch.format",
    patch: () => {
      const { manifest, signatures } = openEnvelope(samplePatch());
      return rawPatch(manifest.length - 1, signatures.length + 1, manifest, signatures, ...payloads);
    },
  },
  // Partial installation, mix and match.
  {
    name: "payloads cut short",
    code: "patch.truncated",
    patch: () => samplePatch().subarray(0, -1),
  },
  {
    name: "one byte more",
    code: "patch.format",
    patch: () => Buffer.concat([samplePatch(), new Uint8Array(1)]),
  },
  {
    name: "another payload",
    code: "patch.hash",
    patch: () => samplePatch(sampleManifest(), [alice], [text.encode("b delta"), payloads[1]!]),
  },
  {
    name: "payloads in another order",
    code: "patch.hash",
    patch: () => samplePatch(sampleManifest(), [alice], payloads.toReversed()),
  },
  {
    name: "a list that is not the release it is named",
    code: "patch.hash",
    patch: () => samplePatch(sampleManifest({ to: contentDigest(sampleFiles.slice(1)) })),
  },
  // Wrong recipient.
  {
    name: "a patch for another site",
    code: "patch.wrong-site",
    patch: () => samplePatch(sampleManifest({ site: "shop" })),
  },
  {
    name: "a patch for another node",
    code: "patch.wrong-recipient",
    patch: () => samplePatch(sampleManifest({ recipient: "f".repeat(32) })),
  },
  // Freeze, rollback, replay.
  {
    name: "a patch that has expired",
    code: "patch.expired",
    patch: () => samplePatch(sampleManifest({ expires: "2026-01-02T00:00:00Z" })),
  },
  {
    name: "a freeze by a clock that was set back",
    code: "patch.expired",
    patch: () => samplePatch(sampleManifest({ expires: "2026-01-03T00:00:00Z" })),
    node: { nowMs: 0, newestCreatedMs: Date.parse("2026-01-03T00:00:00Z") },
  },
  {
    name: "an older release",
    code: "patch.sequence",
    patch: samplePatch,
    node: { floor: sampleManifest().sequence + 1 },
  },
  {
    name: "another release with the same sequence",
    code: "patch.sequence",
    patch: samplePatch,
    node: { floor: sampleManifest().sequence },
  },
  {
    name: "a replay",
    code: "patch.replayed",
    patch: samplePatch,
    node: { floor: sampleManifest().sequence, isCommitted: () => true },
  },
  {
    name: "a base that the node does not have",
    code: "patch.wrong-base",
    patch: samplePatch,
    node: { holds: (sha256) => sha256 === hashOf("api") },
  },
  {
    name: "a strict patch from what does not run",
    code: "patch.wrong-base",
    patch: () => samplePatch(sampleManifest({ strict: true })),
    node: { running: `sha256:${hashOf("another")}` },
  },
  ...manifestAttacks,
  ...pathAttacks,
];

describe("an attack by a patch is refused and named", () => {
  for (const { name, code, patch, keyring, node } of attacks) {
    test(`${name}: ${code}`, () => expect(judge(patch(), keyring, node)).toBe(code));
  }

  test("by every code there is for it", () => {
    const codes = new Set(attacks.map(({ code }) => code));
    // patch.too-large is the admin listener's, which counts bytes as they come.
    expect([...codes].sort()).toEqual(
      ["expired", "format", "hash", "path", "replayed", "sequence", "signature", "threshold", "truncated"]
        .concat("unknown-key", "wrong-base", "wrong-recipient", "wrong-site")
        .map((name) => `patch.${name}`)
        .sort(),
    );
  });
});

describe("what is no attack is accepted", () => {
  const accepted: readonly Omit<Attack, "code">[] = [
    { name: "a patch", patch: samplePatch },
    { name: "a strict patch from what runs", patch: () => samplePatch(sampleManifest({ strict: true })) },
    {
      name: "a patch for this very node",
      patch: () => samplePatch(sampleManifest({ recipient: context.nodeId })),
    },
    {
      name: "a full release, whatever runs",
      patch: () => samplePatch(sampleManifest({ from: null, files: [full("a")] }), [alice], [payloads[1]!]),
      node: { holds: () => false, running: "sha256:…" },
    },
    {
      name: "a full release with one content twice",
      patch: () =>
        samplePatch(
          sampleManifest({ from: null, files: [full("a"), { ...full("b"), op: "keep" } as ManifestFile] }),
          [alice],
          [payloads[1]!],
        ),
    },
    {
      name: "two of two keys",
      patch: () => samplePatch(sampleManifest(), [alice, bob]),
      keyring: { keys: [alice.publicKey, bob.publicKey], threshold: 2 },
    },
    {
      name: "a trusted key beside strangers",
      patch: () => samplePatch(sampleManifest(), [mallory, alice, mallory]),
    },
    {
      name: "two trusted keys with one number",
      patch: samplePatch,
      keyring: { keys: [malloryAs(alice.number).publicKey, alice.publicKey] },
    },
    {
      name: "a sequence just above the floor",
      patch: samplePatch,
      node: { floor: sampleManifest().sequence - 1 },
    },
    {
      name: "what was committed before the operator lowered the floor",
      patch: samplePatch,
      node: { isCommitted: () => true },
    },
    {
      name: "a patch from a base that does not run, whose contents are kept",
      patch: samplePatch,
      node: { running: `sha256:${hashOf("another")}` },
    },
    {
      name: "a patch that was created ahead of the clock of a device without a battery",
      patch: () => samplePatch(sampleManifest({ expires: "2026-02-01T00:00:00Z" })),
      node: { nowMs: 0 },
    },
  ];
  for (const { name, patch, keyring, node } of accepted) {
    test(name, () => expect(judge(patch(), keyring, node)).toBe("accepted"));
  }
});

describe("a damaged patch is refused, and nothing else happens", () => {
  const patch = samplePatch();

  test("cut at any byte: patch.truncated", () => {
    const codes = new Set<string>();
    for (let length = 0; length < patch.length; length++) codes.add(judge(patch.subarray(0, length)));
    expect([...codes]).toEqual(["patch.truncated"]);
  });

  test("with any bit flipped: a code of its own", () => {
    const { manifest, payloadsOffset } = openEnvelope(patch);
    const codes = { head: new Set(), manifest: new Set(), signatures: new Set(), payloads: new Set() };
    for (let at = 0; at < patch.length; at++) {
      const part =
        at < 20
          ? "head"
          : at < 20 + manifest.length
            ? "manifest"
            : at < payloadsOffset
              ? "signatures"
              : "payloads";
      for (let bit = 0; bit < 8; bit++) {
        const flipped = new Uint8Array(patch);
        flipped[at]! ^= 1 << bit;
        codes[part].add(judge(flipped));
      }
    }
    expect([...codes.head].sort()).toEqual(["patch.format", "patch.truncated"]);
    expect([...codes.manifest]).toEqual(["patch.signature"]);
    expect([...codes.signatures].sort()).toEqual(["patch.format", "patch.signature", "patch.unknown-key"]);
    expect([...codes.payloads]).toEqual(["patch.hash"]);
  });

  test("a manifest of 1 MiB of brackets: patch.format, and no stack overflow", () => {
    expect(judge(samplePatch("[".repeat(1024 * 1024)))).toBe("patch.format");
  });
});
