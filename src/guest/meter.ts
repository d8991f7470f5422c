/**
 * The host's side of metered instances: grants fuel slice by slice, and growth. Who decides is a `Meter`, which the
 * scheduler implements; what a module needs for it is added by `wasm/meter`.
 */
import { invariant } from "../errors.ts";
import { guestStackBytesMax } from "../limits.ts";
import { type AbiFunctions, wouldBlock } from "../wasi/index.ts";
import type { MeteredModule, MeterLimits } from "../wasm/index.ts";

/** What an instance may use, and who is asked when it wants more. One meter may serve many instances. */
export interface Meter {
  /**
   * Fuel of the first slice of each run, and of each initialiser before the first run: 1 to `sliceFuelMax`. Read anew
   * each time, so a getter may decide. What a run leaves of its last slice is lost with the run.
   */
  readonly sliceFuel: number;
  /**
   * Asked whenever a slice is used up, in the midst of the guest's code: how much fuel it goes on with, 1 to
   * `sliceFuelMax`. 0 ends it, uncatchably: its outcome is `stopped`. A promise suspends the guest until it settles;
   * `Instance.stop` ends it meanwhile. It must not run the same instance again.
   */
  spent(): number | Promise<number>;
  /** Asked before a memory or table grows within the module's own limits; false makes the guest's attempt fail. */
  mayGrow?(growth: Growth): boolean;
}

/** A growth that a guest wants. */
export interface Growth {
  readonly kind: "memory" | "table";
  /** How much more, in pages of 64 KiB or entries. */
  readonly more: number;
  /** What all memories, or all tables, of the instance would have then. */
  readonly total: number;
}

/** Largest slice: far below 2^31, so that no charge wraps. At a unit a nanosecond it lasts a second. */
export const sliceFuelMax: number = 2 ** 30;

/** The host functions behind the gate of a metered module, in its order. */
export const gateFunctions: AbiFunctions = {
  spent: { params: "i", result: "errno", waits: true },
  growMemory: { params: "iii", result: "errno", waits: false },
  growTable: { params: "iii", result: "errno", waits: false },
};

/** What a compiled module tells about its metering. */
export type Metering = Pick<MeteredModule, "exports" | "tableEntries"> & { readonly limits: MeterLimits };

/** What instances of a metered module export for their host. */
interface MeterFunctions {
  begin(fuel: number, stackBytes: number): void;
  fuel(): number;
  stack(): number;
}

/** The account of one instance. */
export class Account {
  readonly #meter: Meter;
  readonly #limits: MeterLimits;
  readonly #memories: () => readonly WebAssembly.Memory[];
  readonly #stop: () => void;
  #functions!: MeterFunctions;
  #tableEntries: number;
  #slice = 0;
  #usedBefore = 0;
  #next: Promise<number> | undefined;
  #wake: (() => void) | undefined;

  /** `stop` ends the guest behind the call that it is in. */
  constructor(
    meter: Meter,
    { limits, tableEntries }: Metering,
    memories: () => readonly WebAssembly.Memory[],
    stop: () => void,
  ) {
    this.#meter = meter;
    this.#limits = limits;
    this.#tableEntries = tableEntries;
    this.#memories = memories;
    this.#stop = stop;
  }

  /** Fills the gate of an instance from functions of WebAssembly, and finds what it exports for us. */
  attach(
    exports: Readonly<Record<string, unknown>>,
    names: Metering["exports"],
    gate: Readonly<Record<string, unknown>>,
  ): void {
    const table = exports[names.gate] as WebAssembly.Table;
    Object.keys(gateFunctions).forEach((name, index) => {
      table.set(index, gate[name]);
    });
    this.#functions = {
      begin: exports[names.begin] as MeterFunctions["begin"],
      fuel: exports[names.fuel] as MeterFunctions["fuel"],
      stack: exports[names.stack] as MeterFunctions["stack"],
    };
  }

  /** A run begins. */
  begin(): void {
    this.#slice = checked(this.#meter.sliceFuel);
    this.#usedBefore = 0;
    this.#functions.begin(this.#slice, guestStackBytesMax);
  }

  /** Fuel that the run has used so far. */
  get used(): number {
    return this.#usedBefore + this.#slice - this.#functions.fuel();
  }

  /** Whether the guest trapped because its calls went too deep. */
  get overflowed(): boolean {
    return this.#functions.stack() < 0;
  }

  /** The functions behind the gate that do not wait. */
  readonly calls: Readonly<Record<string, (...args: number[]) => number>> = {
    spent: (left) => this.#spent(left!),
    growMemory: (_index, _pages, more) => {
      const pages = this.#memories().reduce((sum, each) => sum + each.buffer.byteLength / 65_536, 0);
      return this.#grow("memory", more! >>> 0, pages, this.#limits.memoryPagesMax) ? 1 : 0;
    },
    growTable: (_index, _entries, more) => {
      const allowed = this.#grow("table", more! >>> 0, this.#tableEntries, this.#limits.tableEntriesMax);
      if (allowed) this.#tableEntries += more! >>> 0;
      return allowed ? 1 : 0;
    },
  };

  /** The half of `spent` that waits; the guest is suspended until it settles. */
  readonly wait = async (): Promise<number> => {
    const next = this.#next;
    this.#next = undefined;
    invariant(next !== undefined, "a slice is waited for");
    const woken = new Promise<number>((resolve) => {
      this.#wake = () => resolve(0);
    });
    try {
      return this.#grant(await Promise.race([next, woken]));
    } finally {
      this.#wake = undefined;
    }
  };

  /** Ends the slice: at its next charge the guest asks for more. Called from within its host calls. */
  endSlice(): void {
    this.#usedBefore += this.#slice - this.#functions.fuel();
    this.#slice = 0;
    this.#functions.begin(0, this.#functions.stack());
  }

  /** Ends a wait for the next slice; the guest is stopped. */
  wake(): void {
    this.#wake?.();
  }

  #spent(left: number): number {
    this.#usedBefore += this.#slice - left;
    this.#slice = 0;
    const next = this.#meter.spent();
    if (typeof next === "number") return this.#grant(next);
    this.#next = next;
    return wouldBlock;
  }

  #grant(fuel: number): number {
    if (fuel <= 0) this.#stop();
    this.#slice = fuel <= 0 ? 0 : checked(fuel);
    return this.#slice;
  }

  #grow(kind: Growth["kind"], more: number, size: number, max: number): boolean {
    const total = size + more;
    return total <= max && this.#meter.mayGrow?.({ kind, more, total }) !== false;
  }
}

function checked(fuel: number): number {
  invariant(fuel >= 1 && fuel <= sliceFuelMax, `a slice of ${fuel} is from 1 to ${sliceFuelMax}`);
  return Math.floor(fuel);
}
