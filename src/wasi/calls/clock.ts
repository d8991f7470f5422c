/** Clocks. Times are u64 nanoseconds; the guest's CPU clocks run with the host's monotonic one. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import { monotonicNs } from "../monotonic-clock.ts";
import { wallClockUs } from "../wall-clock.ts";
import type { HostCalls } from "./host-calls.ts";

/** `$clockid` of preview 1. */
export const clockId = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;

export const clockCalls = (host: WasiHost): HostCalls => ({
  /**
   * clock_time_get(id, precision, time): what the clock shows. The precision is a hint that is not needed.
   * EINVAL for an unknown clock, EFAULT.
   */
  clock_time_get: (id, _precisionLow, _precisionHigh, pointer) => {
    host.charged += cost.call;
    if (!host.memory.has(pointer, 8)) return errno.fault;
    // Asked for first: it may be noted only now.
    const { beganNs } = host;
    if (id === clockId.realtime) putProduct(host, pointer, wallClockUs(), 1000);
    else if (id === clockId.monotonic) putProduct(host, pointer, monotonicNs(), 1);
    else if (isCpuClock(id)) putProduct(host, pointer, monotonicNs() - beganNs, 1);
    else return errno.inval;
    return errno.success;
  },

  /** clock_res_get(id, resolution): 1 µs for the wall clock, 1 ns for the others. EINVAL, EFAULT. */
  clock_res_get: (id, pointer) => {
    host.charged += cost.call;
    if (!host.memory.has(pointer, 8)) return errno.fault;
    if (id < clockId.realtime || id > clockId.threadCpu) return errno.inval;
    host.memory.setU64(pointer, id === clockId.realtime ? 1000n : 1n);
    return errno.success;
  },
});

/** Writes `value * factor` as a u64, in halves that the engine knows to be small integers: several times quicker. */
function putProduct({ memory }: WasiHost, pointer: number, value: number, factor: number): void {
  const high = (value * 2 ** -32) | 0;
  const low = (value - high * 2 ** 32) * factor;
  const carry = (low * 2 ** -32) | 0;
  memory.setU32(pointer, (low - carry * 2 ** 32) | 0);
  memory.setU32((pointer >>> 0) + 4, (high * factor + carry) | 0);
}

function isCpuClock(id: number): boolean {
  return id === clockId.processCpu || id === clockId.threadCpu;
}

/** Whether there is such a clock. */
export function isClockId(id: number): boolean {
  return id <= clockId.threadCpu;
}

/**
 * What a clock that exists shows, in nanoseconds. A double tells nanoseconds of the wall clock to 256: enough to
 * wait by. `beganNs` is when the run began, `nowMs` the time of `performance.now()`.
 */
export function clockNanoseconds(id: number, beganNs: number, nowMs: number): number {
  if (id === clockId.realtime) return wallClockUs(nowMs) * 1000;
  return isCpuClock(id) ? nowMs * 1e6 - beganNs : nowMs * 1e6;
}
