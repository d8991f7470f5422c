import { describe, expect, test } from "bun:test";
import { keyring, keys, refusalOf, sampleManifest, samplePatch } from "../../test/support/signed-patches.ts";
import { sha256Hex } from "../bytes/index.ts";
import { openEnvelope } from "./envelope.ts";
import { recallEnvelope, verifyEnvelope } from "./verify-envelope.ts";

const { alice, bob, mallory } = keys;

// Which attack gets which code: test/hostile/patches.test.ts. Here is what is told to whoever asks.
describe("verifyEnvelope", () => {
  test("says what was signed, by whom, under which digest and where the payloads begin", () => {
    const envelope = openEnvelope(samplePatch(sampleManifest(), [mallory, alice, bob]));
    const trusted = { keys: [bob.publicKey, alice.publicKey], retired: [], threshold: 2 };
    const { manifest, digest, signers, payloadsOffset } = verifyEnvelope(envelope, trusted);
    expect(manifest).toEqual(sampleManifest());
    expect(digest).toBe(sha256Hex(envelope.manifest));
    expect(signers).toEqual([alice.publicKey.number, bob.publicKey.number]);
    expect(payloadsOffset).toBe(envelope.payloadsOffset);
  });

  test("looks at signatures before it looks at what they sign", () => {
    const envelope = openEnvelope(samplePatch("no manifest at all", [mallory]));
    expect(refusalOf(() => verifyEnvelope(envelope, keyring))).toStartWith("patch.unknown-key: ");
  });

  const told: readonly (readonly [name: string, signers: (typeof alice)[], trusted: object, says: string])[] =
    [
      ["who signed instead", [mallory], {}, "found 0303030303030303"],
      ["that a key is retired", [alice], { retired: [alice.publicKey] }, "found 0101010101010101 (retired)"],
      [
        "how many are missing",
        [alice, mallory],
        { keys: [alice.publicKey, bob.publicKey], threshold: 2 },
        "expected signatures by 2 trusted keys, found 1: 0101010101010101, 0303030303030303",
      ],
    ];
  for (const [name, signers, trusted, says] of told) {
    test(`tells ${name}`, () => {
      const envelope = openEnvelope(samplePatch(sampleManifest(), signers));
      expect(refusalOf(() => verifyEnvelope(envelope, { ...keyring, ...trusted }))).toContain(says);
    });
  }

  test("takes as many signatures as a patch can hold in bounded time", () => {
    const signers = Array.from({ length: 220 }, () => alice);
    const startMs = performance.now();
    verifyEnvelope(openEnvelope(samplePatch(sampleManifest(), signers)), keyring);
    expect(performance.now() - startMs).toBeLessThan(2000);
  });
});

describe("recallEnvelope", () => {
  const envelope = openEnvelope(samplePatch(sampleManifest(), [mallory]));

  test("takes a manifest by its digest, whoever signed it", () => {
    const { manifest, digest, signers } = recallEnvelope(envelope, sha256Hex(envelope.manifest));
    expect([manifest, digest, signers]).toEqual([sampleManifest(), sha256Hex(envelope.manifest), []]);
  });

  test("refuses another manifest", () => {
    const other = openEnvelope(samplePatch(sampleManifest({ label: "v3" })));
    expect(refusalOf(() => recallEnvelope(other, sha256Hex(envelope.manifest)))).toStartWith("patch.hash: ");
  });
});
