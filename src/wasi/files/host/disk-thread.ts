/**
 * The one thread that waits for disks, so that the thread that serves does not. It starts with the first operation,
 * ends when there has been none for a while, and is started again when it is needed again. One is enough to keep
 * order: what was asked first is done first, and a file is closed behind all that is done to it.
 */
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { Failure, type Result } from "../answer.ts";
import type { AnswerOf, DiskCall, DiskOperations, DiskReply, OperationName } from "./disk-operations.ts";

/** In an executable as in the sources, the worker's program lies beside this one (scripts/build.ts). */
const program = new URL("./disk-worker.ts", import.meta.url);

type Settle = (result: Result<unknown>) => void;

export class DiskThread {
  readonly #program: URL;
  readonly #idleMs: number;
  #worker: Worker | undefined;
  #lastId = 0;
  /** By id; in the order in which they were asked. While there are any, the thread keeps the process alive. */
  readonly #waiting = new Map<number, Settle>();
  /** Those of them that close what a guest left open when it ended: up to a thousand, and no fault of the next one. */
  readonly #closing = new Set<number>();
  #idle: Timer | undefined;
  /** What its files and directories have open, or are about to. */
  #descriptors = 0;

  /** @param script Another program than the disk's, for tests. */
  constructor(script: URL = program, idleMs: number = limits.diskThreadIdleMs) {
    this.#program = script;
    this.#idleMs = idleMs;
  }

  /**
   * Does an operation on the disk thread. EAGAIN where too many wait already, EIO where the thread ended before it
   * answered: nobody knows then whether it was done. Bytes among the arguments are moved, not copied.
   */
  ask<Name extends OperationName>(
    name: Name,
    ...args: Parameters<DiskOperations[Name]>
  ): Promise<Result<AnswerOf<Name>>> {
    // What is open has to be closed in any case.
    if (this.#waiting.size - this.#closing.size >= limits.diskCallsMax && name !== "close") {
      return Promise.resolve(Failure.of(errno.again));
    }
    const worker = this.#started();
    if (this.#waiting.size === 0) worker.ref();
    const id = ++this.#lastId;
    if (name === "close") this.#closing.add(id);
    return new Promise((resolve) => {
      // The operation of this name answers this type, on whichever thread.
      this.#waiting.set(id, resolve as Settle);
      worker.postMessage({ id, name, args } satisfies DiskCall, buffersOf(args));
    });
  }

  /** Whether guests have as many descriptors open as they may have together. */
  get isFull(): boolean {
    return this.#descriptors >= limits.mountedDescriptorsMax;
  }

  /** A descriptor is opened, or about to be. */
  opened(): void {
    this.#descriptors++;
  }

  /** One was closed, or not opened after all. */
  closed(): void {
    this.#descriptors--;
  }

  /** Whether the thread runs. */
  get running(): boolean {
    return this.#worker !== undefined;
  }

  #started(): Worker {
    clearTimeout(this.#idle);
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#program, { name: "disk", smol: true });
    worker.addEventListener("message", ({ data }: MessageEvent<DiskReply>) => this.#settle(worker, data));
    worker.addEventListener("error", () => this.#lose(worker));
    worker.addEventListener("close", () => this.#lose(worker));
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, { id, errno: failed, value }: DiskReply): void {
    if (this.#worker !== worker) return;
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#closing.delete(id);
    if (this.#waiting.size === 0) this.#rest(worker);
    settle?.(failed === undefined ? value : Failure.of(failed));
  }

  #rest(worker: Worker): void {
    worker.unref();
    this.#idle = setTimeout(() => this.#lose(worker), this.#idleMs);
    this.#idle.unref();
  }

  /** The thread is no more, or is not wanted any more. Who waits for it learns it. */
  #lose(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    worker.terminate();
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#closing.clear();
    for (const settle of lost) settle(Failure.of(errno.io));
  }
}

function buffersOf(args: readonly unknown[]): ArrayBuffer[] {
  return args.flatMap((each) =>
    each instanceof Uint8Array && each.buffer instanceof ArrayBuffer ? [each.buffer] : [],
  );
}

/** The disk thread of this process. */
export const diskThread: DiskThread = new DiskThread();
