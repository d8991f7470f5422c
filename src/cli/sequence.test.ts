import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseSequence, keepSequence, lastSequence, type SequenceOptions } from "./sequence.ts";

const scratch = mkdtempSync(join(tmpdir(), "emend-sequence-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const now = 1_763_900_000;
const day = 86_400;
const plain: SequenceOptions = {
  asked: undefined,
  floor: null,
  last: 0,
  nowMs: now * 1000 + 999,
  force: false,
};

describe("chooseSequence", () => {
  const cases: [what: string, options: Partial<SequenceOptions>, expected: number][] = [
    ["the seconds of the clock", {}, now],
    ["the clock above an older patch and an older floor", { last: now - 5, floor: now - 3 }, now],
    ["one more than the last patch of this second", { last: now }, now + 1],
    ["one more than the floor of the node", { floor: now + 7, last: now + 2 }, now + 8],
    ["what is asked for", { asked: 5 }, 5],
    ["what is asked for, below the last one: another site may be meant", { asked: 5, last: now }, 5],
    ["a day ahead", { asked: now + day }, now + day],
    ["more than that by force", { asked: now + day + 1, force: true }, now + day + 1],
    ["the highest there is", { asked: Number.MAX_SAFE_INTEGER, force: true }, Number.MAX_SAFE_INTEGER],
  ];
  test.each(cases)("takes %s", (_, options, expected) => {
    expect(chooseSequence({ ...plain, ...options })).toBe(expected);
  });

  const refused: [what: string, options: Partial<SequenceOptions>, message: RegExp][] = [
    ["what the node would refuse", { asked: now, floor: now }, /above 1763900000, the node's floor/],
    ["more than a day ahead", { asked: now + day + 1 }, /from --sequence, is more than a day ahead/],
    ["a floor of more than a day ahead: the node may lie", { floor: now + day }, /from the node's floor/],
    ["a last patch of more than a day ahead", { last: now + day }, /from this key's last patch/],
    ["a number that is none any more", { floor: Number.MAX_SAFE_INTEGER, force: true }, /below 2\^53/],
  ];
  test.each(refused)("refuses %s", (_, options, message) => {
    expect(() => chooseSequence({ ...plain, ...options })).toThrow(
      expect.objectContaining({ code: "patch.sequence", message: expect.stringMatching(message) }),
    );
  });
});

describe("keepSequence and lastSequence", () => {
  test("keep the number beside each key, and find the highest", () => {
    const [a, b] = [join(scratch, "a.key"), join(scratch, "b")];
    expect(lastSequence([a, b])).toBe(0);
    expect(keepSequence([a], 7)).toEqual([]);
    expect(keepSequence([b], 9)).toEqual([]);
    expect(readFileSync(join(scratch, "a.sequence"), "utf8")).toBe("7\n");
    expect([lastSequence([a]), lastSequence([a, b]), lastSequence([])]).toEqual([7, 9, 0]);
  });

  test.each(["", "x", "-1", "1.5", "9007199254740993"])("refuse a file that holds %p", (text) => {
    writeFileSync(join(scratch, "c.sequence"), text);
    expect(() => lastSequence([join(scratch, "c.key")])).toThrow("expected the sequence of the last patch");
  });

  test("say that there is no place for the number", () => {
    expect(keepSequence([join(scratch, "none/a.key")], 7)).toEqual([
      expect.stringMatching(/^the sequence was not kept beside the key: cannot write/),
    ]);
  });
});
