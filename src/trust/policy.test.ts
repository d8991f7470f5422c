import { describe, expect, test } from "bun:test";
import {
  context,
  hashOf,
  keyring,
  refusalOf,
  runningDigest,
  sampleManifest,
  samplePatch,
} from "../../test/support/signed-patches.ts";
import { openEnvelope } from "./envelope.ts";
import type { Manifest } from "./manifest.ts";
import { checkPolicy, type PatchContext } from "./policy.ts";
import { verifyEnvelope } from "./verify-envelope.ts";

function refusal(manifest: Partial<Manifest>, node: Partial<PatchContext> = {}): string {
  const verified = verifyEnvelope(openEnvelope(samplePatch(sampleManifest(manifest))), keyring);
  return refusalOf(() => checkPolicy(verified, { ...context, ...node }));
}

// Which attack gets which code: test/hostile/patches.test.ts. Here are the order and the words.
describe("checkPolicy", () => {
  test("refuses in the order of release-and-patch, whatever else is wrong", () => {
    const manifest = { site: "shop", recipient: "f".repeat(32), expires: "2026-01-01T12:00:00Z" };
    const node = { floor: 2 ** 53 - 1, isCommitted: () => true, holds: () => false };
    const mends: [code: string, manifest: Partial<Manifest>, node: Partial<PatchContext>][] = [
      ["patch.wrong-site", { site: "default" }, {}],
      ["patch.wrong-recipient", { recipient: null }, {}],
      ["patch.expired", { expires: null }, {}],
      ["patch.replayed", {}, { isCommitted: () => false }],
      ["patch.sequence", {}, { floor: 0 }],
      ["patch.wrong-base", {}, { holds: () => true }],
    ];
    for (const [code, mendedManifest, mendedNode] of mends) {
      expect(refusal(manifest, node)).toStartWith(`${code}: `);
      Object.assign(manifest, mendedManifest);
      Object.assign(node, mendedNode);
    }
    expect(refusal(manifest, node)).toBe("accepted");
  });

  test("says how many contents of the base are missing, and which one would do", () => {
    const said = refusal({}, { holds: (sha256) => sha256 === hashOf("api"), running: "sha256:11" });
    expect(said).toBe(
      `patch.wrong-base: 1 of the 2 contents that it builds on are missing: made from ${runningDigest}, while sha256:11 runs`,
    );
  });

  test("needs no content that the patch brings itself", () => {
    const [, , fresh] = sampleManifest().files;
    const copy = { path: "copy.css", size: fresh!.size, sha256: fresh!.sha256, op: "keep" as const };
    expect(refusal({ files: [fresh!, copy] }, { holds: () => false })).toBe("accepted");
  });

  test("takes a patch until the moment at which it expires", () => {
    const expires = "2026-01-02T00:00:01Z";
    const atMs = Date.parse(expires);
    expect(refusal({ expires }, { nowMs: atMs - 1 })).toBe("accepted");
    expect(refusal({ expires }, { nowMs: atMs })).toStartWith(
      "patch.expired: expired at 2026-01-02T00:00:01Z",
    );
  });
});
