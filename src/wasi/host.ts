/**
 * Our side of one guest: its memory, descriptors, arguments and environment, and whether it may go on.
 *
 * A host lives as long as its instance and serves one run after the other; `begin` hands it everything
 * that belongs to a run, so nothing of the last one can be left. A guest has one thread of execution, so
 * one slot for "what it waits for" is enough.
 */
import { type ByteStrings, encodeByteStrings } from "./byte-strings.ts";
import { type Descriptor, inputDescriptor, outputDescriptor } from "./descriptor.ts";
import { type Answer, Failure, type OpenDirectory, type Result } from "./files/index.ts";
import { GuestMemory } from "./guest-memory.ts";
import { limits } from "./limits.ts";
import { discardOutput, emptyInput, type Input, type Output, wouldBlock } from "./stream.ts";
import type { Subscription } from "./subscription.ts";

/** What the module between guest and host looks at behind every call, and traps when it is not 0. */
export interface StopFlag {
  value: number;
}

/** Arranges for `wake` to be called; what it may return takes that back. */
// biome-ignore lint/suspicious/noConfusingVoidType: a listener that needs no taking back returns nothing.
export type Register = (wake: () => void) => (() => void) | void;

/** A directory that a guest finds open when it starts, under the name that it knows it by. */
export interface Preopen {
  readonly name: string;
  readonly directory: OpenDirectory;
  /** Takes the rights to change anything; the directory itself refuses such calls too. */
  readonly readOnly: boolean;
}

/** Everything that belongs to one run of a guest. Arguments and environment are byte strings, made when asked for. */
export interface Run {
  args(): readonly string[];
  environ(): readonly string[];
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** From descriptor 3 on, in this order. Asked for once, when the run begins. */
  preopens(): readonly Preopen[];
  /** Called each time that the guest is about to suspend. */
  onWait?(): void;
}

/** A run that gives a guest nothing and takes nothing from it. */
export const emptyRun: Run = {
  args: () => [],
  environ: () => [],
  stdin: emptyInput,
  stdout: discardOutput,
  stderr: discardOutput,
  preopens: () => [],
};

export class WasiHost {
  readonly memory: GuestMemory = new GuestMemory();
  /** By number; a hole is a descriptor that is closed. */
  readonly descriptors: (Descriptor | undefined)[] = [];
  /** How many bytes an fd_write that waits has handed over, 0 between calls. */
  pendingWriteBytes = 0;
  /** What a poll_oneoff that waits was asked for, undefined between calls. */
  pendingPoll: readonly Subscription[] | undefined;
  exitCode: number | undefined;

  readonly #stopFlag: StopFlag;
  #run: Run = emptyRun;
  #args: ByteStrings | undefined;
  #environ: ByteStrings | undefined;
  #began: bigint | undefined;
  #turnBeganMs = 0;
  #register: Register | undefined;
  #wake: (() => void) | undefined;
  /** How a call ends whose file has answered while its guest was suspended. */
  #finish: (() => number) | undefined;

  constructor(stopFlag: StopFlag) {
    this.#stopFlag = stopFlag;
  }

  /** Starts a run: fresh descriptors 0, 1 and 2, and no trace of the one before. */
  begin(run: Run): void {
    this.#run = run;
    this.#args = undefined;
    this.#environ = undefined;
    this.#register = undefined;
    this.#wake = undefined;
    this.#finish = undefined;
    this.pendingWriteBytes = 0;
    this.pendingPoll = undefined;
    this.exitCode = undefined;
    this.#began = undefined;
    this.#turnBeganMs = performance.now();
    this.descriptors.length = 3;
    this.descriptors[0] = inputDescriptor(run.stdin);
    this.descriptors[1] = outputDescriptor(run.stdout);
    this.descriptors[2] = outputDescriptor(run.stderr);
  }

  /** Lets go of everything that the run brought along; `begin` sets all of it anew. */
  end(): void {
    this.#run = emptyRun;
    this.#args = undefined;
    this.#environ = undefined;
    this.descriptors.length = 0;
  }

  get args(): ByteStrings {
    this.#args ??= encodeByteStrings(this.#run.args());
    return this.#args;
  }

  get environ(): ByteStrings {
    this.#environ ??= encodeByteStrings(this.#run.environ());
    return this.#environ;
  }

  /** When the run began on the monotonic clock, in nanoseconds; its CPU clocks count from here. */
  get beganNs(): bigint {
    this.#began ??= process.hrtime.bigint();
    return this.#began;
  }

  /** Whether the guest has held the thread long enough that a call which could wait should. */
  shouldYield(): boolean {
    return performance.now() - this.#turnBeganMs > limits.yieldAfterMs;
  }

  get stopped(): boolean {
    return this.#stopFlag.value !== 0;
  }

  /** Ends the guest at its next host call, or now if it waits in one. It cannot run again after that. */
  stop(): void {
    this.#stopFlag.value = 1;
    this.#wake?.();
  }

  /** Notes what a call waits for and answers `wouldBlock`; the caller in wasm then suspends in `resume`. */
  waitFor(register: Register): number {
    this.#register = register;
    return wouldBlock;
  }

  /**
   * Ends a call with what a file answers: now, or when that comes, which suspends the guest. `finish` turns
   * the value into the call's errno and may itself wait again; a failure is answered as it is.
   */
  complete<T>(answer: Answer<T>, finish: (value: T) => number): number {
    if (!(answer instanceof Promise)) return conclude(answer, finish);
    return this.waitFor((wake) => {
      answer.then((result) => {
        this.#finish = () => conclude(result, finish);
        wake();
      });
    });
  }

  /** The suspending half of a call: tries it again each time that what it waits for may have moved. */
  async resume(attempt: () => number): Promise<number> {
    for (;;) {
      this.#run.onWait?.();
      if (!this.stopped) await this.#wait();
      if (this.stopped) return 0;
      this.#turnBeganMs = performance.now();
      const finish = this.#finish ?? attempt;
      this.#finish = undefined;
      const result = finish();
      if (result !== wouldBlock) return result;
    }
  }

  async #wait(): Promise<void> {
    const register = this.#register;
    this.#register = undefined;
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancel = register?.(resolve) ?? undefined;
    });
    this.#wake = undefined;
    cancel?.();
  }
}

function conclude<T>(result: Result<T>, finish: (value: T) => number): number {
  return result instanceof Failure ? result.errno : finish(result);
}
