import { describe, expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import { isSignedBy } from "./ed25519.ts";
import { littleEndian } from "./weak-point.ts";

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

/** RFC 8032 §7.1: TEST 1, 2 and 3. */
const vectors: readonly (readonly [name: string, key: string, message: string, signature: string])[] = [
  [
    "TEST 1",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "TEST 2",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "TEST 3",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
];

/** L of RFC 8032 §5.1. */
const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

const [key, message, signature] = [hex(vectors[1]![1]), hex(vectors[1]![2]), hex(vectors[1]![3])];

describe("isSignedBy", () => {
  for (const [name, key, message, signature] of vectors) {
    test(`accepts RFC 8032 ${name}`, () => {
      expect(isSignedBy(hex(key), hex(message), hex(signature))).toBe(true);
    });
  }

  test("refuses a signature with any bit flipped, and the key with any", () => {
    for (let bit = 0; bit < 512; bit++) {
      const flipped = new Uint8Array(signature);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(isSignedBy(key, message, flipped)).toBe(false);
    }
    for (let bit = 0; bit < 256; bit++) {
      const flipped = new Uint8Array(key);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(isSignedBy(flipped, message, signature)).toBe(false);
    }
  });

  test("refuses another message, and the signature of another key", () => {
    expect(isSignedBy(key, hex("73"), signature)).toBe(false);
    expect(isSignedBy(hex(vectors[0]![1]), message, signature)).toBe(false);
  });

  const scalars: readonly (readonly [name: string, change: (s: bigint) => bigint])[] = [
    ["S + L", (s) => s + order],
    ["S + 2L", (s) => s + 2n * order],
    ["S + 7L", (s) => s + 7n * order],
    ["L", () => order],
    ["L - 1, which is in range and wrong", () => order - 1n],
    ["all bits", () => 2n ** 256n - 1n],
    ["0", () => 0n],
  ];
  for (const [name, change] of scalars) {
    test(`refuses S replaced by ${name}`, () => {
      expect(isSignedBy(key, message, withScalar(signature, change))).toBe(false);
    });
  }

  test("refuses a signature or a key of another length", () => {
    expect(isSignedBy(key, message, signature.subarray(0, 63))).toBe(false);
    expect(isSignedBy(key, message, new Uint8Array([...signature, 0]))).toBe(false);
    expect(isSignedBy(key.subarray(0, 31), message, signature)).toBe(false);
  });

  test("refuses keys that are no point of the curve", () => {
    // y = 2 has no x (RFC 8032 §5.1.3 step 3).
    expect(isSignedBy(hex(`02${"00".repeat(31)}`), message, signature)).toBe(false);
  });
});

describe("isSignedBy refuses forgeries that node:crypto takes", () => {
  /** The points of small order in their canonical encodings: under them, R = B and S = 1 fit one message in eight. */
  const small = [
    ["order 1", `01${"00".repeat(31)}`],
    ["order 2", `ec${"ff".repeat(30)}7f`],
    ["order 4", "00".repeat(32)],
    ["order 4, x odd", `${"00".repeat(31)}80`],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["order 8, x odd", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
    ["order 8, the other", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["order 8, the other, x odd", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
  ] as const;
  const forged = hex(`58${"66".repeat(31)}01${"00".repeat(31)}`);
  for (const [name, point] of small) {
    test(`under a key of ${name}`, () => {
      const x = hex(point).toBase64({ alphabet: "base64url", omitPadding: true });
      const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
      const messages = Array.from({ length: 200 }, (_, at) => new TextEncoder().encode(`message ${at}`));
      const fitting = messages.filter((message) => verify(null, message, key, forged));
      // Without this the test would say nothing about the check.
      expect(fitting.length).toBeGreaterThan(5);
      expect(fitting.filter((message) => isSignedBy(hex(point), message, forged))).toEqual([]);
    });
  }
});

describe("isSignedBy refuses what libsodium refuses", () => {
  test("a signature by the right key whose R is of small order", () => {
    // RFC 8032 §5.1.5: the secret scalar of TEST 2. With r = 0, R is the identity and S = k × a.
    const seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    const scalar = sha512(seed).subarray(0, 32);
    scalar[0]! &= 248;
    scalar[31] = (scalar[31]! & 127) | 64;
    const identity = hex(`01${"00".repeat(31)}`);
    const challenge = littleEndian(sha512(identity, key, message)) % order;
    const degenerate = withScalar(
      new Uint8Array([...identity, ...new Uint8Array(32)]),
      () => (challenge * littleEndian(scalar)) % order,
    );
    const x = key.toBase64({ alphabet: "base64url", omitPadding: true });
    const known = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    expect(verify(null, message, known, degenerate)).toBe(true);
    expect(isSignedBy(key, message, degenerate)).toBe(false);
  });
});

function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = new Bun.CryptoHasher("sha512");
  for (const part of parts) hasher.update(part);
  return new Uint8Array(hasher.digest());
}

/** A signature with another number in its second half, which stands for S. */
function withScalar(signature: Uint8Array, change: (s: bigint) => bigint): Uint8Array {
  const changed = new Uint8Array(signature);
  let rest = change(littleEndian(signature.subarray(32)));
  for (let at = 32; at < 64; at++, rest >>= 8n) changed[at] = Number(rest & 0xffn);
  return changed;
}
