import { expect, test } from "bun:test";
import { betweenSteps, progressBar } from "./progress-bar.ts";

/** A terminal, or none, and what was written to it. */
function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) };
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}

test("a terminal sees the share, each state once, and nothing of it afterwards", () => {
  const { stream, written } = terminal(true);
  {
    using bar = progressBar("diff", stream);
    for (const share of [0, 0.5, 0.501, 1]) bar.update(share);
  }
  const half = `\rdiff [${"=".repeat(15)}${" ".repeat(15)}] 50 %`;
  const whole = `\rdiff [${"=".repeat(30)}] 100 %`;
  expect(written).toEqual([
    `\rdiff [${" ".repeat(30)}] 0 %`,
    half,
    whole,
    `\r${" ".repeat(whole.length - 1)}\r`,
  ]);
});

test("a pipe sees nothing", () => {
  const { stream, written } = terminal(false);
  {
    using bar = progressBar("diff", stream);
    bar.update(0.5);
  }
  expect(written).toEqual([]);
});

test("between the steps of a large diff the share is shown as well", () => {
  const shares: number[] = [];
  const bar = { update: (share: number) => void shares.push(share), [Symbol.dispose]: () => {} };
  expect(betweenSteps(bar, 1000)).toBe(bar.update);
  betweenSteps(bar, 10_000_000)(0.25);
  expect(shares).toEqual([0.25]);
});
