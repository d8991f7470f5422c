import { describe, expect, test } from "bun:test";
import { TestClock } from "../../test/support/test-clock.ts";
import { type FinalVerdict, Trial, type TrialOptions } from "./trial.ts";
import type { Verdict } from "./verdict.ts";

function trialOf(changes: Partial<TrialOptions> = {}, clock: TestClock = new TestClock(1_000_000)) {
  const verdicts: FinalVerdict[] = [];
  let look = (): void => {};
  let observed = true;
  let probes = 0;
  const trial = new Trial({
    clock,
    windowMs: 60_000,
    windowsMax: 1,
    probe: async () => {
      probes++;
    },
    judge: () => ({ kind: "wait" }),
    undecided: { kind: "good" },
    observe: (call) => {
      look = call;
      return {
        [Symbol.dispose]: () => {
          observed = false;
        },
      };
    },
    ended: (verdict) => verdicts.push(verdict),
    ...changes,
  });
  return { clock, trial, verdicts, look: () => look(), isObserved: () => observed, probes: () => probes };
}

describe("Trial", () => {
  test("ends with its window when nothing was said, and is heard of once", async () => {
    const { clock, trial, verdicts, isObserved } = trialOf();
    expect(trial.endsMs).toBe(1_060_000);
    await clock.advance(59_999);
    expect([verdicts, isObserved()]).toEqual([[], true]);
    await clock.advance(1);
    await clock.advance(600_000);
    expect([verdicts, isObserved()]).toEqual([[{ kind: "good" }], false]);
  });

  test("ends at once when what was counted condemns it", async () => {
    let verdict: Verdict = { kind: "wait" };
    const { clock, verdicts, look } = trialOf({ judge: () => verdict });
    look();
    expect(verdicts).toEqual([]);
    verdict = { kind: "worse", reason: "it fails" };
    look();
    look();
    await clock.advance(60_000);
    expect(verdicts).toEqual([verdict]);
  });

  test("probes at the beginning and six times in its window, and ends when a probe fails", async () => {
    let fails = false;
    const asked: number[] = [];
    const clock = new TestClock(1_000_000);
    const probe = async (): Promise<void> => {
      asked.push(clock.nowMs());
      if (fails) throw new Error("no answer");
    };
    const { verdicts } = trialOf({ probe }, clock);
    await clock.advance(20_000);
    expect(asked.map((atMs) => atMs - 1_000_000)).toEqual([0, 10_000, 20_000]);
    fails = true;
    await clock.advance(10_000);
    expect(verdicts).toEqual([{ kind: "worse", reason: "no answer" }]);
  });

  test("goes on for further windows while there is too little to judge by, and gives up after the last", async () => {
    const overs: boolean[] = [];
    const undecided: FinalVerdict = { kind: "worse", reason: "nobody came" };
    const { clock, trial, verdicts } = trialOf({
      windowsMax: 3,
      undecided,
      judge: (over) => {
        overs.push(over);
        return { kind: "wait" };
      },
    });
    await clock.advance(120_000);
    expect([verdicts, overs.at(0), overs.at(-1)]).toEqual([[], false, true]);
    expect(trial.endsMs).toBe(1_180_000);
    await clock.advance(60_000);
    expect(verdicts).toEqual([undecided]);
  });

  test("says nothing any more once it is disposed", async () => {
    const { clock, trial, verdicts, look, probes } = trialOf({ judge: () => ({ kind: "good" }) });
    trial[Symbol.dispose]();
    await clock.advance(60_000);
    look();
    expect([verdicts, probes()]).toEqual([[], 1]);
  });
});
