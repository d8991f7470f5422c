/** What became of the wall around a node that its operator asked for. */
import { EmendError } from "../errors.ts";

/** One part of it. `words` say what was done, or why it could not be. */
export interface ConfineStep {
  readonly part: "control group" | "privileges" | "new privileges" | "state directory";
  readonly done: boolean;
  readonly words: string;
}

/** Collects the steps, and says each of them once. */
export class ConfineReport {
  readonly #say: (line: string) => void;
  readonly #steps: ConfineStep[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  add(step: ConfineStep): void {
    this.#steps.push(step);
    this.#say(`--confine: ${step.part}: ${step.done ? "" : "not done: "}${step.words}\n`);
  }

  /**
   * A part that cannot be had is a line for the operator; a wall of which nothing stands is a failure, for whoever
   * asked for it relies on it. That no privileges can be gained any more is too little for a wall.
   *
   * @throws EmendError `confine`
   */
  check(): void {
    const walls = this.#steps.filter(({ part }) => part === "control group" || part === "privileges");
    if (walls.some(({ done }) => done)) return;
    const why = walls.map(({ part, words }) => `${part}: ${words}`).join("; ");
    throw new EmendError("confine", `--confine: nothing of it could be done: ${why}`);
  }
}
