/**
 * A release that answers and is looked at meanwhile: the watch after a commit, or a canary. It ends once, with a
 * verdict: after its window, or at once when it is worse or fails a probe.
 */
import { messageOf } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Verdict } from "./verdict.ts";

export type FinalVerdict = Exclude<Verdict, { readonly kind: "wait" }>;

export interface TrialOptions {
  readonly clock: Clock;
  readonly windowMs: number;
  /** How many windows a verdict may take, when there is too little to judge by. */
  readonly windowsMax: number;
  /** Asks the release itself whether it is well. Rejects when it is not. */
  readonly probe: () => Promise<void>;
  /** What is to be said by what was counted; `over` after the window. */
  readonly judge: (over: boolean) => Verdict;
  /** What comes of it when the last window is over and nothing was said. */
  readonly undecided: Verdict;
  /** Has `look` called whenever something was counted. */
  readonly observe: (look: () => void) => Disposable;
  /** Told once. */
  readonly ended: (verdict: FinalVerdict) => void;
}

/** Probes in one window. */
const probesInWindow = 6;

export class Trial implements Disposable {
  readonly #options: TrialOptions;
  readonly startedMs: number;
  readonly #observer: Disposable;
  #timer: Disposable;
  #windows = 0;
  #isOver = false;

  constructor(options: TrialOptions) {
    this.#options = options;
    this.startedMs = options.clock.nowMs();
    this.#observer = options.observe(() => this.#look());
    this.#timer = this.#schedule(1);
    void this.#probe();
  }

  /** When its window ends, or the one that was added to it. */
  get endsMs(): number {
    return (
      this.startedMs + this.#options.windowMs * (Math.min(this.#windows, this.#options.windowsMax - 1) + 1)
    );
  }

  /** Ends it without a verdict. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#observer[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
  }

  #look(): void {
    if (this.#isOver) return;
    this.#decide(this.#options.judge(this.#windows > 0));
  }

  #schedule(probe: number): Disposable {
    const { clock, windowMs } = this.#options;
    return clock.after(windowMs / probesInWindow, () => {
      const isWindowOver = probe === probesInWindow;
      if (isWindowOver) this.#windows++;
      this.#timer = this.#schedule(isWindowOver ? 1 : probe + 1);
      void this.#probe();
    });
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
    } catch (error) {
      if (!this.#isOver) this.#decide({ kind: "worse", reason: messageOf(error) });
      return;
    }
    this.#look();
    if (!this.#isOver && this.#windows >= this.#options.windowsMax) this.#decide(this.#options.undecided);
  }

  #decide(verdict: Verdict): void {
    if (verdict.kind === "wait") return;
    this[Symbol.dispose]();
    this.#options.ended(verdict);
  }
}
