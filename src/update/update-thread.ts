/**
 * The thread of everything about an update that takes long: signatures, deltas, compilers, the store. It starts with
 * the first patch, ends when there was nothing to do for a while, and is started again when it dies: whoever waited
 * for it then is refused with `update.failed`, and the node goes on as it was.
 */
import { EmendError, messageOf } from "../errors.ts";
import { updateThreadIdleMs } from "../limits.ts";
import type {
  AnswerOf,
  OperationName,
  UpdateCall,
  UpdateOperations,
  UpdateReply,
} from "./update-operations.ts";

/** In an executable as in the sources, the worker's program lies beside this one (scripts/build.ts). */
const program = new URL("./update-worker.ts", import.meta.url);

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface UpdateThreadOptions {
  /** Told what stores found damaged. */
  readonly report: (problem: string) => void;
  /** Another program than the update's, for tests. */
  readonly script?: URL;
  readonly idleMs?: number;
}

export class UpdateThread {
  readonly #report: (problem: string) => void;
  readonly #program: URL;
  readonly #idleMs: number;
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** How many upload or commit at this moment: the thread holds what it has of them between two calls. */
  #holders = 0;
  /** Raised with each thread: what an older one held is gone. */
  #life = 0;
  #idle: Timer | undefined;

  constructor({ report, script = program, idleMs = updateThreadIdleMs }: UpdateThreadOptions) {
    this.#report = report;
    this.#program = script;
    this.#idleMs = idleMs;
  }

  /** Whether the thread runs. */
  get running(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread if it does not run. Another number than before: what it held of stores and patches is gone. */
  start(): number {
    this.#started();
    this.#restWhenIdle();
    return this.#life;
  }

  /** Keeps the thread from ending between two calls, until it is disposed. */
  hold(): Disposable {
    this.#holders++;
    clearTimeout(this.#idle);
    return {
      [Symbol.dispose]: () => {
        this.#holders--;
        this.#restWhenIdle();
      },
    };
  }

  /**
   * Does an operation on the thread.
   *
   * @param transfer Buffers among the arguments that are moved and not copied.
   * @throws EmendError of the operation, `update.failed` when the thread dies before it answers.
   */
  ask<Name extends OperationName>(
    name: Name,
    args: Parameters<UpdateOperations[Name]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<AnswerOf<Name>> {
    const worker = this.#started();
    if (this.#waiting.size === 0) worker.ref();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // The operation of this name answers this type, on whichever thread.
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      worker.postMessage({ id, name, args } satisfies UpdateCall, transfer);
    });
  }

  /** Ends the thread once it has answered all that it was asked, unless somebody wants something of it meanwhile. */
  async end(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    if (worker === undefined) return;
    const closed = this.ask("close", []);
    // What is asked from here on finds the thread without its stores and patches, as it would a new one.
    this.#life++;
    try {
      await closed;
    } catch {
      // It is dead already.
    }
    if (this.#waiting.size === 0 && this.#holders === 0) this.#lose(worker, "it was ended");
  }

  #started(): Worker {
    clearTimeout(this.#idle);
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#program, { name: "update", smol: true });
    worker.addEventListener("message", ({ data }: MessageEvent<UpdateReply>) => this.#settle(worker, data));
    worker.addEventListener("error", (event) => this.#lose(worker, messageOf(event.error ?? event.message)));
    worker.addEventListener("close", () => this.#lose(worker, "it ended"));
    this.#worker = worker;
    this.#life++;
    return worker;
  }

  #settle(worker: Worker, reply: UpdateReply): void {
    if (this.#worker !== worker) return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) worker.unref();
    this.#restWhenIdle();
    for (const problem of reply.problems) this.#report(problem);
    if (waiting === undefined) return;
    if (reply.kind === "answer") waiting.resolve(reply.value);
    else if (reply.kind === "refused") waiting.reject(new EmendError(reply.code, reply.message));
    else waiting.reject(new Error(reply.message));
  }

  #restWhenIdle(): void {
    clearTimeout(this.#idle);
    if (this.#worker === undefined || this.#holders > 0 || this.#waiting.size > 0) return;
    this.#idle = setTimeout(() => void this.end(), this.#idleMs);
    this.#idle.unref();
  }

  /** The thread is no more, or is not wanted any more. Who waits for it learns it. */
  #lose(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    worker.terminate();
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) {
      reject(new EmendError("update.failed", `the thread that updates ended before it was done: ${why}`));
    }
  }
}
