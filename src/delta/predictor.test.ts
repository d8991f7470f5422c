import { describe, expect, test } from "bun:test";
import { Predictor } from "./predictor.ts";

const source = new TextEncoder().encode("a=f(x);b=f(y);c=f(z);d=f(w);");

/** What is expected of a byte that stands alone in its record. */
function guessAlone(predictor: Predictor, offset: number): number {
  predictor.begin();
  return predictor.guess(offset);
}

describe("Predictor", () => {
  test("expects no change of what has not changed before", () => {
    const predictor = new Predictor(source, 1);
    for (let i = 0; i < source.length; i++) {
      expect(predictor.guess(i)).toBe(0);
      predictor.learn(0);
    }
  });

  test.each([
    [1, 1],
    [2, 2],
  ] as const)("with trust %i expects the change of a context after seeing it %i times", (trust, seen) => {
    const predictor = new Predictor(source, trust);
    const guesses = [2, 9, 16, 23].map((offset) => {
      const guess = guessAlone(predictor, offset);
      predictor.learn(5);
      return guess;
    });
    expect(guesses).toEqual([0, 0, 0, 0].map((_, i) => (i < seen ? 0 : 5)));
  });

  test("forgets a change that no longer happens", () => {
    const predictor = new Predictor(source, 1);
    const learn = (offset: number, difference: number): number => {
      const guess = guessAlone(predictor, offset);
      predictor.learn(difference);
      return guess;
    };
    learn(2, 5);
    expect(learn(9, 0)).toBe(5);
    expect(learn(16, 0)).toBe(0);
  });

  test.each([1, 2])("with trust %i, follow and agree do what guess and learn do byte by byte", (trust) => {
    const long = Uint8Array.from({ length: 5000 }, (_, i) => Math.imul(i, i) % 7);
    const [follower, agreer, stepper] = [1, 2, 3].map(() => new Predictor(long, trust)) as [
      Predictor,
      Predictor,
      Predictor,
    ];
    // All have seen some contexts change, one of them twice and one change in two ways.
    for (const [offset, difference] of [
      [10, 3],
      [17, 3],
      [200, 1],
      [301, 250],
      [308, 2],
      [25, 9],
    ] as const) {
      for (const predictor of [follower, agreer, stepper]) {
        guessAlone(predictor, offset);
        predictor.learn(difference);
        predictor.begin();
      }
    }
    const [followed, stepped] = [long.slice(), long.slice()];
    follower.follow(followed, 400, 400, 4600);
    for (let i = 400; i < 5000; i++) {
      const guess = stepper.guess(i);
      stepper.learn(guess);
      stepped[i]! += guess;
    }
    expect(Buffer.compare(followed, stepped)).toBe(0);
    expect(Buffer.compare(followed, long)).not.toBe(0);
    expect(agreer.agree(stepped, 400, 400, 4600)).toBe(4600);
    // All three know the same now.
    const guesses = [follower, agreer, stepper].map((predictor) =>
      Array.from({ length: 100 }, (_, i) => guessAlone(predictor, i)),
    );
    expect(guesses[0]).toEqual(guesses[2]!);
    expect(guesses[1]).toEqual(guesses[2]!);
  });

  test("agree stops at the first byte that is not as guessed, the last of the source included", () => {
    for (const changed of [0, 7, source.length - 1]) {
      const target = source.map((byte, i) => (i === changed ? byte + 1 : byte));
      expect(new Predictor(source, 1).agree(target, 0, 0, source.length)).toBe(changed);
    }
    expect(new Predictor(source, 1).agree(source, 0, 0, source.length)).toBe(source.length);
  });

  test("follow and agree do nothing with no bytes, also behind the last byte of the source", () => {
    for (const offset of [0, 5, source.length - 1, source.length]) {
      const predictor = new Predictor(source, 1);
      // A change of the last byte is remembered, and must not be guessed again.
      guessAlone(predictor, source.length - 1);
      predictor.learn(5);
      const target = source.slice();
      predictor.begin();
      predictor.follow(target, offset, offset, 0);
      expect(predictor.agree(target, offset, offset, 0)).toBe(0);
      expect(Buffer.compare(target, source)).toBe(0);
    }
  });

  test("reads no byte outside of its source", () => {
    const predictor = new Predictor(Uint8Array.of(7), 1);
    expect(guessAlone(predictor, 0)).toBe(0);
    predictor.learn(1);
    expect(guessAlone(predictor, 0)).toBe(1);
  });
});
