import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../test/support/random.ts";
import type { BreakerConfig } from "../../config/index.ts";
import { Breaker, type BreakerChange, type Verdict } from "./breaker.ts";

const config: BreakerConfig = { failures: 3, windowMs: 10_000, rate: 0.5, requestsMin: 10, openMs: 5000 };

function breakerOf(overrides: Partial<BreakerConfig> = {}): { breaker: Breaker; changes: BreakerChange[] } {
  const changes: BreakerChange[] = [];
  return { breaker: new Breaker({ ...config, ...overrides }, 0, (change) => changes.push(change)), changes };
}

/** One request after the other, each over at once: S succeeds, F fails, N is neutral. */
function play(breaker: Breaker, verdicts: string, nowMs: number, stepMs = 0): void {
  const names: Readonly<Record<string, Verdict>> = { S: "success", F: "failure", N: "neutral" };
  for (const [i, letter] of [...verdicts].entries()) {
    const atMs = nowMs + i * stepMs;
    if (breaker.refusedForMs(atMs) > 0) continue;
    breaker.settle(breaker.enter(atMs), names[letter]!, atMs);
  }
}

describe("Breaker", () => {
  const opening: readonly [verdicts: string, stepMs: number, reason: string | undefined][] = [
    ["FFF", 0, "3 failures in a row"],
    ["SSFFF", 0, "3 failures in a row"],
    ["FFSFF", 0, undefined],
    ["FNFNF", 0, "3 failures in a row"],
    ["FFNNNNNNNNNNNN", 0, undefined],
    ["FFSFFSFF", 0, undefined],
    ["FFSFFSFFSF", 0, "7 of 10 requests failed"],
    ["FSFSFSFSF", 0, undefined],
    ["FSFSFSFSFS", 0, undefined],
    ["FSFSFSFSFSF", 0, "6 of 11 requests failed"],
    ["SSSSSSSSSSFSFSFSFSFSFSFSFSFS", 0, undefined],
    ["SSSSSSSSSSFFSFFSFFSFFSFFSFFSFFSFFSFFSFFS", 0, "18 of 36 requests failed"],
    ["FSFSFSFSFS", 2000, undefined],
    ["FFF", 60_000, "3 failures in a row"],
    ["SSSSSSSSSSSSSSSSSSSS", 0, undefined],
  ];
  test.each(opening)("after %s, %p ms apart, opens because of %p", (verdicts, stepMs, reason) => {
    const { breaker, changes } = breakerOf();
    play(breaker, verdicts, 100, stepMs);
    expect(changes).toEqual(reason === undefined ? [] : [{ state: "open", reason }]);
  });

  test("refuses for open_s, then lets one request through and no second one beside it", () => {
    const { breaker } = breakerOf();
    play(breaker, "FFF", 100);
    expect([100, 2100, 5099, 5100].map((nowMs) => breaker.refusedForMs(nowMs))).toEqual([5000, 3000, 1, 0]);
    expect(breaker.status(9999).state).toBe("open");
    breaker.enter(5200);
    expect(breaker.status(5200)).toMatchObject({ state: "half-open", sinceMs: 5200, opened: 1 });
    expect(breaker.refusedForMs(5200)).toBe(1000);
    expect(breaker.refusedForMs(500_000)).toBe(1000);
  });

  test.each([
    ["success", "closed", ["open", "half-open", "closed"]],
    ["failure", "open", ["open", "half-open", "open"]],
    ["neutral", "half-open", ["open", "half-open"]],
  ] as const)("comes after a probe's %s to be %s", (verdict, state, states) => {
    const { breaker, changes } = breakerOf();
    play(breaker, "FFF", 0);
    breaker.settle(breaker.enter(6000), verdict, 6100);
    expect(breaker.status(6100).state).toBe(state);
    expect(changes.map((each) => each.state)).toEqual([...states]);
    expect(breaker.refusedForMs(6100)).toBe(verdict === "failure" ? 5000 : 0);
  });

  test("takes the head of a probe's response for its success, and hears nothing more of it", () => {
    const { breaker } = breakerOf();
    play(breaker, "FFF", 0);
    const probe = breaker.enter(6000);
    breaker.answered(probe, 6001);
    expect(breaker.status(6001)).toMatchObject({
      state: "closed",
      requests: 0,
      failures: 0,
      failuresInRow: 0,
    });
    breaker.settle(probe, "failure", 6002);
    expect(breaker.status(6002)).toMatchObject({ state: "closed", failures: 0 });
  });

  test("does not count the head of any other response", () => {
    const { breaker } = breakerOf();
    const ticket = breaker.enter(0);
    breaker.answered(ticket, 0);
    expect(breaker.status(0).requests).toBe(0);
    breaker.settle(ticket, "failure", 0);
    expect(breaker.status(0)).toMatchObject({ requests: 1, failures: 1 });
  });

  test("hears nothing of requests from before it opened", () => {
    const { breaker, changes } = breakerOf();
    const old = [0, 1, 2, 3].map(() => breaker.enter(0));
    play(breaker, "FFF", 0);
    breaker.settle(old[0]!, "success", 100);
    breaker.enter(6000);
    breaker.settle(old[1]!, "success", 6001);
    breaker.settle(old[2]!, "failure", 6002);
    expect(breaker.status(6003).state).toBe("half-open");
    expect(breaker.refusedForMs(6003)).toBe(1000);
    expect(changes).toHaveLength(2);
  });

  test("never lets two probes run, never stays shut, and refuses exactly while it says so (fuzzed)", () => {
    const random = createRandom();
    const note = (what: string): string => `seed ${random.seed}: ${what}`;
    for (let round = 0; round < 50; round++) {
      const { breaker, changes } = breakerOf({
        failures: 1 + random.below(5),
        openMs: 1000 * (1 + random.below(3)),
        requestsMin: 1 + random.below(20),
      });
      const running: number[] = [];
      let nowMs = 0;
      let probe: number | undefined;
      for (let step = 0; step < 400; step++) {
        nowMs += random.below(800);
        const before = breaker.status(nowMs).state;
        if (random.below(2) === 0 && breaker.refusedForMs(nowMs) === 0) {
          const ticket = breaker.enter(nowMs);
          running.push(ticket);
          const after = breaker.status(nowMs).state;
          expect([note("state"), after]).toEqual([
            note("state"),
            before === "closed" ? "closed" : "half-open",
          ]);
          if (after !== "half-open") continue;
          expect([note("second probe"), probe]).toEqual([note("second probe"), undefined]);
          probe = ticket;
        } else if (running.length > 0) {
          const [ticket] = running.splice(random.below(running.length), 1);
          breaker.settle(ticket!, random.pick(["success", "failure", "failure", "neutral"]), nowMs);
          if (ticket === probe) probe = undefined;
          const after = breaker.status(nowMs).state;
          if (probe !== undefined) expect([note("probing"), after]).toEqual([note("probing"), "half-open"]);
        }
      }
      for (const ticket of running) breaker.settle(ticket, "neutral", nowMs);
      expect([note("shut"), breaker.refusedForMs(nowMs + 3000)]).toEqual([note("shut"), 0]);
      play(breaker, "S", nowMs + 3000);
      expect([note("closed"), breaker.isClosed]).toEqual([note("closed"), true]);
      // Every change leads from one state to another along the picture.
      const path = ["closed", ...changes.map(({ state }) => state)].join(" ");
      expect(path).not.toMatch(
        /closed half-open|open closed(?<!half-open closed)|closed closed|(?<!half-)open open/,
      );
    }
  });
});
