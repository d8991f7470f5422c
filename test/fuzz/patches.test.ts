/**
 * Patches against chance. Whatever is done to a patch, trust answers with a code of its own: damage never passes,
 * and a manifest of any shape under a valid signature is refused or is exactly what it says. Nothing else is thrown,
 * and nothing takes long.
 *
 * `EMEND_FUZZ_SEED` repeats a run, `EMEND_FUZZ_PATCHES` sets its length.
 */
import { describe, expect, test } from "bun:test";
import { contentDigest } from "../../src/bytes/index.ts";
import { encodePatch, signManifest } from "../../src/signing/index.ts";
import { checkPolicy, openEnvelope, payloadsOf, verifyEnvelope } from "../../src/trust/index.ts";
import { createRandom, type Random } from "../support/random.ts";
import {
  context,
  judge,
  keyring,
  keys,
  payloads,
  sampleManifest,
  samplePatch,
} from "../support/signed-patches.ts";

const seed = Number(process.env.EMEND_FUZZ_SEED ?? Date.now() % 2 ** 31);
const count = Number(process.env.EMEND_FUZZ_PATCHES ?? 1000);
console.log(`patch fuzz: EMEND_FUZZ_SEED=${seed}, ${count} patches each`);

/** For one patch, here and on a busy machine. */
const patchMsMax = 1000;

function judgeInTime(patch: Uint8Array): string {
  const startMs = performance.now();
  const verdict = judge(patch);
  expect(performance.now() - startMs).toBeLessThan(patchMsMax);
  return verdict;
}

/** Bytes out of place: flipped, set, cut, doubled, moved, or lengths that lie. */
function damage(random: Random, patch: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(patch);
  for (let times = 1 + random.below(3); times > 0; times--) {
    const [at, to] = [random.below(bytes.length + 1), random.below(bytes.length + 1)].toSorted(
      (a, b) => a - b,
    ) as [number, number];
    const edits: readonly (() => Uint8Array)[] = [
      () => bytes.with(Math.min(at, bytes.length - 1), random.below(256)),
      () => bytes.subarray(0, to),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]),
      () => Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]),
      () => Buffer.concat([bytes.subarray(0, at), Uint8Array.of(random.below(256)), bytes.subarray(at)]),
      () => withLength(bytes, random.pick([12, 16]), random.below(2 ** 32)),
      () => withLength(bytes, random.pick([12, 16]), random.below(2000)),
    ];
    bytes = Uint8Array.from(random.pick(edits)());
    if (bytes.length === 0) break;
  }
  return bytes;
}

function withLength(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const changed = Buffer.from(bytes);
  if (changed.length >= at + 4) changed.writeUInt32LE(length, at);
  return changed;
}

const oddTexts = [
  "",
  ".",
  "..",
  "../x",
  "/",
  "a\\b",
  "\0",
  "\ud800",
  "e\u0301",
  "x".repeat(600),
  "sha256:",
  "keep",
];
const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  1e308,
  [],
  {},
  [[]],
  { length: 1 },
  ...oddTexts,
];

/** The same value with one thing in it changed, taken away, added or repeated. */
function mutate(random: Random, value: unknown): unknown {
  if (value === null || typeof value !== "object" || random.below(8) === 0) {
    if (typeof value === "string" && random.below(2) === 0) return spoilText(random, value);
    return random.pick(oddValues);
  }
  if (Array.isArray(value)) return mutateList(random, value);
  const entries = Object.entries(value);
  const at = random.below(entries.length + 1);
  const chosen = entries[at];
  if (chosen === undefined) return { ...value, [random.pick(["x", "__proto__", "constructor", "op"])]: 1 };
  if (random.below(8) === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  return Object.fromEntries(entries.with(at, [chosen[0], mutate(random, chosen[1])]));
}

function mutateList(random: Random, list: readonly unknown[]): unknown[] {
  const at = random.below(Math.max(1, list.length));
  const choice = random.below(6);
  if (choice === 0) return [...list, list[at]];
  if (choice === 1) return list.toSpliced(at, 1);
  if (choice === 2) return list.toReversed();
  return list.length === 0 ? [0] : list.with(at, mutate(random, list[at]));
}

function spoilText(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  return (
    text.slice(0, at) +
    random.pick(["", " ", "A", "\u0000", "/", "\u{1f600}"]) +
    text.slice(at + random.below(2))
  );
}

describe("a patch against chance", () => {
  test("damage never passes, and every refusal has a code", () => {
    const random = createRandom(seed);
    const sound = [samplePatch(), samplePatch(sampleManifest(), [keys.mallory, keys.alice])];
    for (let run = 0; run < count; run++) {
      const original = random.pick(sound);
      const damaged = damage(random, original);
      const same = Buffer.compare(damaged, original) === 0;
      const verdict = judgeInTime(damaged);
      // What a stranger signed beside a trusted key counts for nothing, so damage to it does neither.
      if (verdict === "accepted" && !same) expect(isOnlyAStrangers(damaged, original)).toBe(true);
      else expect(verdict).toMatch(same ? /^accepted$/ : /^patch\./);
    }
  });

  test("a signed manifest of any shape is refused with a code, or is whole in itself", () => {
    const random = createRandom(seed + 1);
    const verdicts = new Map<string, number>();
    for (let run = 0; run < count; run++) {
      let manifest: unknown = sampleManifest();
      for (let times = 1 + random.below(2); times > 0; times--) manifest = mutate(random, manifest);
      const bytes = new TextEncoder().encode(JSON.stringify(manifest));
      const patch = encodePatch(bytes, payloads, [signManifest(bytes, keys.alice, "x")]);
      const verdict = judgeInTime(patch);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      if (verdict === "accepted") expectWhole(patch);
      else expect(verdict).toStartWith("patch.");
    }
    // Mutations that all end at the first check would prove nothing.
    expect(verdicts.size).toBeGreaterThan(3);
  });

  test("bytes of chance are no patch", () => {
    const random = createRandom(seed + 2);
    for (let run = 0; run < count; run++) {
      const noise = Uint8Array.from({ length: random.below(400) }, () => random.below(256));
      const begun = Buffer.concat([samplePatch().subarray(0, random.below(25)), noise]);
      expect(judgeInTime(random.pick([noise, begun]))).toStartWith("patch.");
    }
  });
});

/** The two patches differ in nothing but the lines of a signature that no trusted key made. */
function isOnlyAStrangers(damaged: Uint8Array, original: Uint8Array): boolean {
  const [found, expected] = [openEnvelope(damaged), openEnvelope(original)];
  const signersLines = (block: Uint8Array): string =>
    new TextDecoder().decode(block).split("\n").slice(4).join("\n");
  return (
    Buffer.compare(found.manifest, expected.manifest) === 0 &&
    signersLines(found.signatures) === signersLines(expected.signatures)
  );
}

function expectWhole(patch: Uint8Array): void {
  const verified = verifyEnvelope(openEnvelope(patch), keyring);
  checkPolicy(verified, context);
  const { manifest } = verified;
  expect(manifest.to).toBe(contentDigest(manifest.files));
  expect([...payloadsOf(verified, patch)].map(({ file }) => file)).toEqual(
    manifest.files.filter((file) => file.op !== "keep"),
  );
}
