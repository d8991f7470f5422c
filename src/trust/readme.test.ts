/** The worked example of README.md is a patch, and the one that it says. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { judge, keys } from "../../test/support/signed-patches.ts";
import { contentDigest, sha256Hex } from "../bytes/index.ts";
import { describeChanges, encodeManifest, encodePatch, signManifest } from "../signing/index.ts";

const readme = readFileSync(join(import.meta.dir, "README.md"), "utf8");
const dump = [...readme.matchAll(/^[0-9a-f]{4} {2}((?:[0-9a-f]{2} )*[0-9a-f]{2})\b/gm)].map(([, hex]) => hex);
const example = Uint8Array.fromHex(dump.join("").replaceAll(" ", ""));

test("README.md: its example is accepted from the key it names", () => {
  expect(example.length).toBe(779);
  expect(readme).toContain(keys.alice.publicKey.text);
  expect(judge(example)).toBe("accepted");
});

test("README.md: its example is what emend signs today", () => {
  const payload = new TextEncoder().encode("<h1>hello</h1>\n");
  const { files, payloads } = describeChanges([
    {
      path: "public/index.html",
      size: payload.length,
      sha256: sha256Hex(payload),
      op: "full",
      method: "none",
      payload,
    },
  ]);
  const manifest = encodeManifest({
    format: 1,
    site: "default",
    strict: false,
    from: null,
    to: contentDigest(files),
    sequence: 1_763_900_000,
    created: "2026-01-01T00:00:00Z",
    expires: null,
    recipient: null,
    label: "v1",
    files,
  });
  const signature = signManifest(manifest, keys.alice, "sequence 1763900000");
  expect(example.toHex()).toBe(Uint8Array.from(encodePatch(manifest, payloads, [signature])).toHex());
});
