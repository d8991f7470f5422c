import { describe, expect, test } from "bun:test";
import {
  keyring,
  keys,
  payloads,
  refusalOf,
  sampleManifest,
  samplePatch,
} from "../../test/support/signed-patches.ts";
import { openEnvelope } from "./envelope.ts";
import { patchBytes, payloadsOf } from "./payloads.ts";
import { verifyEnvelope } from "./verify-envelope.ts";

const patch = samplePatch();
const verified = verifyEnvelope(openEnvelope(patch), keyring);

describe("payloadsOf", () => {
  test("gives each carried file with its bytes, as views, in the manifest's order", () => {
    const given = [...payloadsOf(verified, patch)];
    expect(given.map(({ file }) => file.path)).toEqual(["app.js", "new.css"]);
    expect(given.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["a delta", "whole"]);
    expect(given[0]!.payload.buffer).toBe(patch.buffer);
  });

  test("gives no payload of a patch of the wrong length", () => {
    for (const wrong of [patch.subarray(0, -1), Buffer.concat([patch, new Uint8Array(1)])]) {
      let given = 0;
      const refusal = refusalOf(() => {
        for (const _ of payloadsOf(verified, wrong)) given++;
      });
      expect(given).toBe(0);
      expect(refusal).toMatch(
        /^patch\.(truncated|format): expected a patch of \d+ bytes, found (less|more): \d+$/,
      );
    }
  });

  test("gives what comes before a wrong payload, and names its file", () => {
    const wrong = samplePatch(
      sampleManifest(),
      [keys.alice],
      [payloads[0]!, new TextEncoder().encode("wrong")],
    );
    const given: string[] = [];
    const refusal = refusalOf(() => {
      for (const { file } of payloadsOf(verified, wrong)) given.push(file.path);
    });
    expect(given).toEqual(["app.js"]);
    expect(refusal).toStartWith('patch.hash: the payload of "new.css": expected SHA-256 ');
  });
});

describe("patchBytes", () => {
  test("is known before a payload is there", () => expect(patchBytes(verified)).toBe(patch.length));
});
