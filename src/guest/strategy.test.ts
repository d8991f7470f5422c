import { describe, expect, test } from "bun:test";
import { StrategyChoice } from "./strategy.ts";

function measured(createMs: readonly number[], restoreMs: readonly number[]): StrategyChoice {
  const choice = new StrategyChoice([]);
  for (const ms of createMs) choice.created(ms);
  for (const ms of restoreMs) choice.restored(ms);
  return choice;
}

describe("StrategyChoice", () => {
  const choices: [name: string, create: number[], restore: number[], strategy: string][] = [
    ["nothing measured", [], [], "copy"],
    ["too few restores", [0.001], [9, 9], "copy"],
    ["restores without a creation", [], [9, 9, 9, 9, 9, 9], "copy"],
    ["restoring quicker", [0.2, 0.2], [0.1, 0.1, 0.1, 0.1, 0.1], "copy"],
    ["as quick", [0.1], [0.1, 0.1, 0.1, 0.1, 0.1], "copy"],
    ["creating quicker", [0.2, 0.05], [0.1, 0.1, 0.1, 0.1, 0.1], "fresh"],
    ["one slow restore", [0.2], [0.1, 0.1, 9, 0.1, 0.1], "copy"],
    ["slow restores long ago", [0.2], [9, 9, 9, 9, 9, 0.1, 0.1, 0.1, 0.1, 0.1], "copy"],
    ["slow restores since", [0.2], [0.1, 0.1, 0.1, 0.1, 0.1, 9, 9, 9, 9, 9], "fresh"],
  ];
  for (const [name, create, restore, strategy] of choices) {
    test(`with ${name}: ${strategy}`, () => {
      expect(measured(create, restore).strategy).toBe(strategy as "copy");
    });
  }

  test("never puts back what cannot be put back, and says why", () => {
    const choice = new StrategyChoice(["it changes tables (table.set)", "it keeps objects"]);
    for (let i = 0; i < 9; i++) choice.created(100);
    expect([choice.strategy, choice.why, choice.wantsSample()]).toEqual([
      "fresh",
      "it changes tables (table.set); it keeps objects",
      false,
    ]);
  });

  test("says what was measured", () => {
    expect(new StrategyChoice([]).why).toBe("its state can be put back; nothing measured yet");
    expect(measured([0.25], [0.0015]).why).toBe("putting back takes 1.5 µs, a new instance 250 µs");
    const touched = new StrategyChoice([]);
    touched.created(0.25);
    touched.restored(0.0015, true);
    expect(touched.why).toBe("putting back the touched pages takes 1.5 µs, a new instance 250 µs");
  });

  test("wants every run measured at first, then one of 64", () => {
    const choice = new StrategyChoice([]);
    for (let i = 0; i < 5; i++) {
      expect(choice.wantsSample()).toBe(true);
      choice.restored(1);
    }
    const wanted = Array.from({ length: 640 }, () => choice.wantsSample());
    expect(wanted.filter(Boolean)).toHaveLength(10);
  });
});
