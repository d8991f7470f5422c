import { describe, expect, test } from "bun:test";
import { Predictor } from "./predictor.ts";

const source = new TextEncoder().encode("a=f(x);b=f(y);c=f(z);d=f(w);");

describe("Predictor", () => {
  test("expects no change of what has not changed before", () => {
    const predictor = new Predictor(source, 1);
    for (let i = 0; i < source.length; i++) {
      expect(predictor.guess(i, 0)).toBe(0);
      predictor.learn(0);
    }
  });

  test.each([
    [1, 1],
    [2, 2],
  ] as const)("with trust %i expects the change of a context after seeing it %i times", (trust, seen) => {
    const predictor = new Predictor(source, trust);
    const guesses = [2, 9, 16, 23].map((offset) => {
      const guess = predictor.guess(offset, 0);
      predictor.learn(5);
      return guess;
    });
    expect(guesses).toEqual([0, 0, 0, 0].map((_, i) => (i < seen ? 0 : 5)));
  });

  test("forgets a change that no longer happens", () => {
    const predictor = new Predictor(source, 1);
    const learn = (offset: number, difference: number): number => {
      const guess = predictor.guess(offset, 0);
      predictor.learn(difference);
      return guess;
    };
    learn(2, 5);
    expect(learn(9, 0)).toBe(5);
    expect(learn(16, 0)).toBe(0);
  });

  test("follow does what guess and learn do byte by byte", () => {
    const long = Uint8Array.from({ length: 5000 }, (_, i) => Math.imul(i, i) % 7);
    const [a, b] = [new Predictor(long, 1), new Predictor(long, 1)];
    const [followed, stepped] = [long.slice(), long.slice()];
    // Both have seen one change each in some contexts.
    for (const [offset, difference] of [
      [10, 3],
      [200, 1],
      [301, 250],
    ] as const) {
      for (const predictor of [a, b]) {
        predictor.guess(offset, 0);
        predictor.learn(difference);
      }
    }
    const last = a.follow(followed, 400, 400, 4600, 0);
    let previous = 0;
    for (let i = 400; i < 5000; i++) {
      previous = b.guess(i, previous);
      b.learn(previous);
      stepped[i]! += previous;
    }
    expect(last).toBe(previous);
    expect(Buffer.compare(followed, stepped)).toBe(0);
    expect(Buffer.compare(followed, long)).not.toBe(0);
  });

  test("reads no byte outside of its source", () => {
    const predictor = new Predictor(Uint8Array.of(7), 1);
    expect(predictor.guess(0, 0)).toBe(0);
    predictor.learn(1);
    expect(predictor.guess(0, 0)).toBe(1);
  });
});
