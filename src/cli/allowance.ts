/** What `emend run` lets a guest have: fuel, time and memory. A guest that has none of these limits is not metered. */
import { type Meter, sliceFuelMax } from "../guest/index.ts";
import { guestMemoryPagesMax, guestTableEntriesMax } from "../limits.ts";
import type { MeterLimits } from "../wasm/index.ts";
import { parseFuel, parseMemoryPages, parseTimeoutMs } from "./run-options.ts";

/** How long a guest runs between two looks at the clock, in fuel: a few milliseconds at most. */
const lookFuel = 1_000_000;

/** The options as they were given. */
export interface AllowanceOptions {
  readonly timeout?: string;
  readonly fuel?: string;
  readonly memoryMax?: string;
}

/** A meter of one run. */
export interface Allowance extends Meter {
  readonly limits: MeterLimits;
  readonly timeoutMs: number | undefined;
  /** Time counts from now on. */
  start(): void;
  isTimeOver(): boolean;
  isFuelUsedUp(): boolean;
}

/** The allowance that these options ask for, undefined where they ask for no limit. @throws EmendError `usage` */
export function openAllowance({ timeout, fuel, memoryMax }: AllowanceOptions): Allowance | undefined {
  if (timeout === undefined && fuel === undefined && memoryMax === undefined) return undefined;
  const timeoutMs = timeout === undefined ? undefined : parseTimeoutMs(timeout);
  let endMs = Number.POSITIVE_INFINITY;
  const isTimeOver = (): boolean => performance.now() > endMs;
  let left = fuel === undefined ? Number.POSITIVE_INFINITY : parseFuel(fuel);
  let usedUp = false;
  const look = timeoutMs === undefined ? sliceFuelMax : lookFuel;
  const sliceFuel = Math.min(left, look);
  left -= sliceFuel;
  return {
    sliceFuel,
    spent: () => {
      if (isTimeOver()) return 0;
      const next = Math.min(left, look);
      left -= next;
      usedUp = next === 0;
      return next;
    },
    limits: {
      memoryPagesMax: memoryMax === undefined ? guestMemoryPagesMax : parseMemoryPages(memoryMax),
      tableEntriesMax: guestTableEntriesMax,
    },
    timeoutMs,
    start: () => {
      endMs = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
    },
    isTimeOver,
    isFuelUsedUp: () => usedUp,
  };
}
