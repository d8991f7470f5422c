import { describe, expect, test } from "bun:test";
import { refusalOf } from "../../test/support/signed-patches.ts";
import { manifestBytesMax, signaturesBytesMax } from "../limits.ts";
import { envelopeBytes, openEnvelope } from "./envelope.ts";

function head(manifestBytes: number, signaturesBytes: number): Buffer {
  const bytes = Buffer.from("EMENDPATCH1\n\0\0\0\0\0\0\0\0");
  bytes.writeUInt32LE(manifestBytes, 12);
  bytes.writeUInt32LE(signaturesBytes, 16);
  return bytes;
}

describe("envelopeBytes", () => {
  test("is 20 + M + S, up to the largest of both", () => {
    expect(envelopeBytes(head(1, 1))).toBe(22);
    expect(envelopeBytes(head(manifestBytesMax, signaturesBytesMax))).toBe(20 + 1_048_576 + 65_536);
  });

  const refused: readonly (readonly [name: string, bytes: Uint8Array, refusal: string])[] = [
    ["nothing", new Uint8Array(), "patch.truncated: expected a head of 20 bytes, found 0"],
    ["19 bytes", head(1, 1).subarray(0, 19), "patch.truncated: expected a head of 20 bytes, found 19"],
    ["other first bytes, however few", Buffer.from("EX"), "patch.format: not a patch"],
    ["another version", Buffer.from("EMENDPATCH2\n"), "patch.format: not a patch"],
    ["a manifest of 0", head(0, 1), "patch.format: expected a manifest block of 1 to 1048576 bytes"],
    ["signatures of 0", head(1, 0), "patch.format: expected a signatures block of 1 to 65536 bytes"],
    ["a manifest too long", head(manifestBytesMax + 1, 1), "its head says 1048577"],
    ["signatures too long", head(1, signaturesBytesMax + 1), "its head says 65537"],
    ["lengths with the highest bit set", head(0x8000_0001, 1), "its head says 2147483649"],
  ];
  for (const [name, bytes, refusal] of refused) {
    test(`refuses ${name}`, () => expect(refusalOf(() => envelopeBytes(bytes))).toContain(refusal));
  }
});

describe("openEnvelope", () => {
  test("gives the blocks as views, also out of a larger buffer", () => {
    const whole = Buffer.concat([Buffer.from("xx"), head(2, 3), Buffer.from("mmsssp")]).subarray(2);
    const { manifest, signatures, payloadsOffset } = openEnvelope(whole);
    expect([manifest, signatures].map(String)).toEqual(["mm", "sss"]);
    expect(payloadsOffset).toBe(25);
    expect(manifest.buffer).toBe(whole.buffer);
  });

  test("refuses an envelope that is not all there", () => {
    const refusal = refusalOf(() => openEnvelope(Buffer.concat([head(2, 3), Buffer.from("mmss")])));
    expect(refusal).toBe("patch.truncated: expected 25 bytes of manifest and signatures, found 24");
  });
});
