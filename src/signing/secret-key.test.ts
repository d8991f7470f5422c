import { describe, expect, test } from "bun:test";
import { keys, refusalOf } from "../../test/support/signed-patches.ts";
import { parsePublicKey } from "../trust/index.ts";
import {
  generateKeyPair,
  needsPassphrase,
  parseSecretKey,
  publicKeyFile,
  secretKeyFile,
} from "./secret-key.ts";

/** scrypt with N = 2^10: minisign's own cost takes seconds. */
const cheap = { opslimit: 32_768, memlimit: 1024 * 1024 };
const key = generateKeyPair();
const open = secretKeyFile(key, null);
const sealed = secretKeyFile(key, "päss phrase", cheap);

/** A key file with some of its 158 bytes changed. */
function withBytes(text: string, at: number, ...bytes: readonly number[]): string {
  const [comment, line] = text.split("\n");
  const changed = Uint8Array.fromBase64(line!);
  changed.set(bytes, at);
  return `${comment}\n${changed.toBase64()}\n`;
}

describe("generateKeyPair", () => {
  test("makes another key, with another number, each time", () => {
    const other = generateKeyPair();
    expect(other.seed).not.toEqual(key.seed);
    expect(other.number).not.toEqual(key.number);
  });
});

describe("publicKeyFile", () => {
  test("is what parsePublicKey reads, with the number that minisign would print", () => {
    const file = publicKeyFile(key.publicKey);
    expect(parsePublicKey(file)).toEqual(key.publicKey);
    expect(file).toStartWith(
      `untrusted comment: minisign public key ${key.number.toReversed().toHex().toUpperCase()}\nRW`,
    );
  });
});

describe("secretKeyFile", () => {
  test("is what parseSecretKey reads", () => {
    expect(parseSecretKey(open)).toEqual(key);
    expect(parseSecretKey(sealed, "päss phrase")).toEqual(key);
    expect([needsPassphrase(open), needsPassphrase(sealed)]).toEqual([false, true]);
  });

  test("under a passphrase holds neither the secret nor what tells two files of one key apart", () => {
    const bytes = Buffer.from(sealed.split("\n")[1]!, "base64");
    expect([bytes.includes(key.seed), bytes.includes(key.publicKey.key)]).toEqual([false, false]);
    expect(secretKeyFile(key, "päss phrase", cheap)).not.toBe(sealed);
  });

  test("needs no passphrase where none was given, and ignores one", () => {
    expect(parseSecretKey(open, "any")).toEqual(key);
  });
});

describe("parseSecretKey", () => {
  test("gives the public key of RFC 8032 TEST 1", () => {
    expect(keys.alice.publicKey.key.toHex()).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
  });

  const refused: readonly (readonly [
    name: string,
    text: string,
    passphrase: string | null,
    refusal: string,
  ])[] = [
    ["a key under a passphrase without one", sealed, null, "key.passphrase: expected a passphrase"],
    ["another passphrase", sealed, "pass phrase", "key.passphrase: not the passphrase"],
    ["an empty passphrase", sealed, "", "key.passphrase: not the passphrase"],
    ["nothing", "", null, "key.format: not a minisign secret key: expected a line of comment"],
    ["a line alone", open.split("\n")[1]!, null, "expected a line of comment"],
    ["a third line", `${open}x\n`, null, "expected a line of comment"],
    ["a public key", publicKeyFile(key.publicKey), null, "expected 158 bytes in base64"],
    ["what is no base64", "untrusted comment: x\n????\n", null, "expected 158 bytes in base64"],
    ["another algorithm", withBytes(open, 0, 0x45, 0x44), null, "expected the algorithm Ed"],
    ["another encryption", withBytes(open, 2, 0x41, 0x32), null, "expected encryption by scrypt or none"],
    ["another checksum", withBytes(open, 4, 0x42, 0x33), null, "expected the checksum algorithm B2"],
    ["a damaged secret", withBytes(open, 62, key.seed[0]! ^ 1), null, "its checksum does not fit"],
    [
      "a secret without a checksum whose halves differ",
      withBytes(withBytes(open, 126, ...new Uint8Array(32)), 62, key.seed[0]! ^ 1),
      null,
      "its public half does not belong to its secret half",
    ],
    ["1 TiB of memory", withBytes(sealed, 46, 0, 0, 0, 0, 0, 1, 0, 0), "x", "at most minisign's own cost"],
    ["2^63 operations", withBytes(sealed, 38, 0, 0, 0, 0, 0, 0, 0, 0x80), "x", "at most minisign's own cost"],
  ];
  for (const [name, text, passphrase, refusal] of refused) {
    test(`refuses ${name}`, () =>
      expect(refusalOf(() => parseSecretKey(text, passphrase))).toContain(refusal));
  }

  test("refuses an open key with any bit of it flipped, but for its unused salt and cost", () => {
    const bytes = Uint8Array.fromBase64(open.split("\n")[1]!);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = bit >> 3;
      if (at >= 6 && at < 54) continue;
      const text = withBytes(open, at, bytes[at]! ^ (1 << (bit & 7)));
      expect(refusalOf(() => parseSecretKey(text))).toStartWith("key.");
    }
  });
});
