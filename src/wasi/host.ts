/**
 * Our side of one guest: its memory, descriptors, arguments and environment, and whether it may go on.
 *
 * A host lives as long as its instance and serves one run after the other; `begin` hands it everything
 * that belongs to a run, so nothing of the last one can be left. A guest has one thread of execution, so
 * one slot for "what it waits for" is enough.
 */
import { type ByteStrings, encodeByteStrings } from "./byte-strings.ts";
import {
  closeDescriptor,
  type Descriptor,
  inputDescriptor,
  outputDescriptor,
  preopenDescriptor,
} from "./descriptor.ts";
import { type Answer, Failure, type OpenDirectory, type Result } from "./files/index.ts";
import { GuestMemory } from "./guest-memory.ts";
import { InFlight } from "./in-flight.ts";
import { limits } from "./limits.ts";
import { monotonicNs } from "./monotonic-clock.ts";
import { discardOutput, emptyInput, type Input, type Output, wouldBlock } from "./stream.ts";
import type { Subscription } from "./subscription.ts";

/** What the module between guest and host looks at behind every call, and traps when it is not 0. */
export interface StopFlag {
  value: number;
}

/** Arranges for `wake` to be called; what it may return takes that back. */
// biome-ignore lint/suspicious/noConfusingVoidType: a listener that needs no taking back returns nothing.
export type Register = (wake: () => void) => (() => void) | void;

/** A directory that a guest finds open when it starts. */
export interface Preopen {
  /** What the guest knows it by, such as `/data`. */
  readonly name: string;
  /** Stays its giver's, who may hand it to several runs and closes it behind the last of them. */
  readonly directory: OpenDirectory;
  /** Every call that would change something below it is EROFS. */
  readonly readOnly: boolean;
}

/** Everything that belongs to one run of a guest. Arguments and environment are byte strings, made when asked for. */
export interface Run {
  args(): readonly string[];
  environ(): readonly string[];
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** From descriptor 3 on, in this order. Asked for once, when a run begins whose guest can reach files. */
  preopens(): readonly Preopen[];
  /** Called each time that the guest is about to suspend in a call. */
  onWait?(): void;
}

/** Who decides when a guest has the thread. */
export interface Turns {
  /** The guest lets go of the thread: it waits for something. */
  left(): void;
  /** What it waited for is there. Undefined when it may go on at once. */
  comeBack(): Promise<void> | undefined;
  /** Its calls have cost another `limits.callCostSlice`: it may have had the thread for long. */
  worked(): void;
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

/** Whether this is a call by which a guest finds, lists or opens files. */
export function reachesFiles(call: string): boolean {
  return call.startsWith("path_") || call.startsWith("fd_prestat_") || call === "fd_readdir";
}

export class WasiHost {
  readonly memory: GuestMemory = new GuestMemory();
  /** By number; a hole is a descriptor that is closed. */
  readonly descriptors: (Descriptor | undefined)[] = [];
  /** How many bytes a call that waits has dealt with, 0 between calls. */
  pendingBytes = 0;
  /** What a poll_oneoff that waits was asked for, undefined between calls. */
  pendingPoll: readonly Subscription[] | undefined;
  exitCode: number | undefined;
  readonly #stopFlag: StopFlag;
  readonly #takesPreopens: boolean;
  readonly #turns: Turns | undefined;
  #charged = 0;
  #workedAt: number = limits.callCostSlice;
  #run: Run = emptyRun;
  #args: ByteStrings | undefined;
  #environ: ByteStrings | undefined;
  #began: number | undefined;
  #turnBeganMs = 0;
  #register: Register | undefined;
  #wake: (() => void) | undefined;
  /** The call that a file has yet to answer, or has answered while its guest was suspended. */
  #inFlight: InFlight | undefined;

  /** `takesPreopens`: false for a guest with no call that reaches files, since making directories for it takes time. */
  constructor(stopFlag: StopFlag, takesPreopens: boolean = true, turns?: Turns) {
    this.#stopFlag = stopFlag;
    this.#takesPreopens = takesPreopens;
    this.#turns = turns;
  }

  /** What the run's calls have cost so far, in the units of costs.ts; stays readable behind its end. */
  get charged(): number {
    return this.#charged;
  }

  set charged(cost: number) {
    this.#charged = cost;
    if (cost < this.#workedAt) return;
    this.#workedAt = cost + limits.callCostSlice;
    this.#turns?.worked();
  }

  /** Starts a run: fresh descriptors for its streams and preopens, and no trace of the one before. */
  begin(run: Run): void {
    this.#run = run;
    this.#args = undefined;
    this.#environ = undefined;
    this.#register = undefined;
    this.#wake = undefined;
    this.#inFlight = undefined;
    this.pendingBytes = 0;
    this.#charged = 0;
    this.#workedAt = limits.callCostSlice;
    this.pendingPoll = undefined;
    this.exitCode = undefined;
    this.#began = undefined;
    this.#turnBeganMs = performance.now();
    this.descriptors.length = 3;
    this.descriptors[0] = inputDescriptor(run.stdin);
    this.descriptors[1] = outputDescriptor(run.stdout);
    this.descriptors[2] = outputDescriptor(run.stderr);
    if (!this.#takesPreopens) return;
    for (const { name, directory, readOnly } of run.preopens())
      this.descriptors.push(preopenDescriptor(name, directory, readOnly));
  }

  /**
   * Lets go of everything that the run brought along, and closes what it opened; `begin` sets all of it anew.
   * While a file has yet to answer a guest that was stopped, nothing is closed under it.
   */
  end(): void {
    this.#run = emptyRun;
    this.#args = undefined;
    this.#environ = undefined;
    const call = this.#inFlight;
    this.#inFlight = undefined;
    if (call !== undefined) {
      const open = this.descriptors.slice();
      call.abandon(() => closeAll(open));
    } else closeAll(this.descriptors);
    this.descriptors.length = 0;
  }

  /** The lowest number that is no open descriptor; undefined where the guest has all that it may have. */
  freeDescriptor(): number | undefined {
    let fd = 0;
    while (this.descriptors[fd] !== undefined) fd++;
    return fd < limits.descriptorsMax ? fd : undefined;
  }

  /** Puts a descriptor, or none, in the place of one that is open, which is closed. */
  replaceDescriptor(fd: number, descriptor: Descriptor | undefined): void {
    const replaced = this.descriptors[fd];
    this.descriptors[fd] = descriptor;
    if (replaced !== undefined) closeDescriptor(replaced);
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
  get beganNs(): number {
    this.#began ??= monotonicNs();
    return this.#began;
  }

  /** Whether the guest has held the thread long enough that a call which could wait should. */
  shouldYield(nowMs: number = performance.now()): boolean {
    return nowMs - this.#turnBeganMs > limits.yieldAfterMs;
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
   * the value into the call's errno and may itself wait again; a failure is answered as it is, or by `fail`.
   */
  complete<T>(
    answer: Answer<T>,
    finish: (value: T) => number,
    fail: (failure: Failure) => number = errnoOf,
  ): number {
    if (!(answer instanceof Promise)) return conclude(answer, finish, fail);
    const call = new InFlight();
    this.#inFlight = call;
    answer.then(
      (result) => this.#answered(call, result, () => conclude(result, finish, fail)),
      // A file that breaks its word is our bug: thrown where the call goes on, it ends the guest.
      (error: unknown) => this.#answered(call, undefined, () => rethrow(error)),
    );
    return this.waitFor(noRegister);
  }

  /** Goes on with `next` when the event loop has run: for work that goes in pieces. */
  completeLater(next: () => number): number {
    const turn = new Promise<Result<undefined>>((resolve) => setImmediate(resolve, undefined));
    return this.complete(turn, next);
  }

  #answered(call: InFlight, result: unknown, finish: () => number): void {
    call.answered(result, finish);
    if (this.#inFlight === call) this.#wake?.();
  }

  /** The suspending half of a call: tries it again each time that what it waits for may have moved. */
  async resume(attempt: () => number): Promise<number> {
    for (;;) {
      this.#run.onWait?.();
      if (!this.stopped) await this.#wait();
      if (this.stopped) return 0;
      const turn = this.#turns?.comeBack();
      if (turn !== undefined) await turn;
      if (this.stopped) return 0;
      const call = this.#inFlight;
      if (call !== undefined && call.finish === undefined) continue;
      this.#turnBeganMs = performance.now();
      this.#inFlight = undefined;
      const result = call?.finish?.() ?? attempt();
      if (result !== wouldBlock) return result;
    }
  }

  async #wait(): Promise<void> {
    const register = this.#register;
    this.#register = undefined;
    this.#turns?.left();
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancel = register?.(resolve) ?? undefined;
    });
    this.#wake = undefined;
    cancel?.();
  }
}

function noRegister(): void {
  // The answer itself wakes the guest.
}

function rethrow(error: unknown): never {
  throw error;
}

function conclude<T>(
  result: Result<T>,
  finish: (value: T) => number,
  fail: (failure: Failure) => number,
): number {
  return result instanceof Failure ? fail(result) : finish(result);
}

function errnoOf(failure: Failure): number {
  return failure.errno;
}

function closeAll(descriptors: readonly (Descriptor | undefined)[]): void {
  for (const descriptor of descriptors) if (descriptor !== undefined) closeDescriptor(descriptor);
}
