/**
 * A WASI host with a small memory and no guest, for tests of single host calls. The memory begins full of `?`,
 * so that one comparison proves what a call wrote and that it touched no byte beyond.
 */
import {
  type Abi,
  abis,
  bindCalls,
  closed,
  emptyRun,
  type HostCalls,
  type Input,
  type Output,
  type Run,
  WasiHost,
  wouldBlock,
} from "../../src/wasi/index.ts";

export interface HostFixture {
  readonly host: WasiHost;
  readonly calls: HostCalls;
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Calls by name. */
  call(name: string, ...args: number[]): number;
  /** A call that may wait, as the module between guest and host makes it. */
  callWaiting(name: string, ...args: number[]): Promise<number>;
  /** Writes little-endian 32-bit values. */
  put(at: number, ...values: number[]): void;
  /** The memory as text; a byte that is no printable ASCII shows as `\xNN`. */
  text(start?: number, end?: number): string;
}

/** A host that has begun `run`; what is left out of it is empty. */
export function hostFixture(run: Partial<Run> = {}, memoryBytes = 64, abi: Abi = abis[0]!): HostFixture {
  const host = new WasiHost({ value: 0 });
  const memory = new Uint8Array(memoryBytes).fill(0x3f);
  host.memory.attach(memory);
  host.begin({ ...emptyRun, ...run });
  const calls = bindCalls(host, abi.layout);
  const call = (name: string, ...args: number[]): number => calls[name]!(...args);
  return {
    host,
    calls,
    memory,
    call,
    callWaiting: async (name, ...args) => {
      const result = call(name, ...args);
      return result === wouldBlock ? await host.resume(() => call(name, ...args)) : result;
    },
    put: (at, ...values) => {
      const view = new DataView(memory.buffer);
      values.forEach((value, index) => {
        view.setUint32(at + index * 4, value, true);
      });
    },
    text: (start = 0, end = memoryBytes) =>
      [...memory.subarray(start, end)]
        .map((byte) =>
          byte >= 0x20 && byte < 0x7f && byte !== 0x5c
            ? String.fromCharCode(byte)
            : `\\x${byte.toString(16).padStart(2, "0")}`,
        )
        .join(""),
  };
}

/** An input that has what was pushed, and then waits for more until it is ended. */
export class TestInput implements Input {
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  readonly #wakes: (() => void)[] = [];

  push(text: string | Uint8Array): this {
    this.#bytes = Buffer.concat([this.#bytes, typeof text === "string" ? Buffer.from(text, "latin1") : text]);
    this.#wake();
    return this;
  }

  end(): this {
    this.#ended = true;
    this.#wake();
    return this;
  }

  read(into: Uint8Array, start: number, end: number): number {
    if (this.#bytes.length === 0) return this.#ended ? 0 : wouldBlock;
    const count = this.#bytes.copy(into, start, 0, end - start);
    this.#bytes = this.#bytes.subarray(count);
    return count;
  }

  available(): number {
    return this.#bytes.length;
  }

  ready(): boolean {
    return this.#ended || this.#bytes.length > 0;
  }

  wait(wake: () => void): void {
    this.#wakes.push(wake);
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}

/** An output that takes as many bytes as it was given room for, and then waits for more room. */
export class TestOutput implements Output {
  #taken: Buffer = Buffer.alloc(0);
  #room: number;
  #closed = false;
  readonly #wakes: (() => void)[] = [];

  constructor(room: number = Number.POSITIVE_INFINITY) {
    this.#room = room;
  }

  /** All that was written, as a byte string. */
  get text(): string {
    return this.#taken.toString("latin1");
  }

  give(room: number): void {
    this.#room += room;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (this.#closed) return closed;
    if (this.#room === 0) return wouldBlock;
    const count = Math.min(end - start, this.#room);
    this.#taken = Buffer.concat([this.#taken, bytes.subarray(start, start + count)]);
    this.#room -= count;
    return count;
  }

  ready(): boolean {
    return this.#closed || this.#room > 0;
  }

  wait(wake: () => void): void {
    this.#wakes.push(wake);
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}
