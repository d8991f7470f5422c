/** Clocks. Times are u64 nanoseconds; the guest's CPU clocks run with the host's monotonic one. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import { wallClockNs } from "../wall-clock.ts";
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
    const now = clockNanoseconds(id, host.beganNs);
    if (now === undefined) return errno.inval;
    host.memory.setU64(pointer, now);
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

/** A clock's time, undefined for one that does not exist. `beganNs` is when the run began, monotonic. */
export function clockNanoseconds(id: number, beganNs: bigint): bigint | undefined {
  switch (id) {
    case clockId.realtime:
      return wallClockNs();
    case clockId.monotonic:
      return process.hrtime.bigint();
    case clockId.processCpu:
    case clockId.threadCpu:
      return process.hrtime.bigint() - beganNs;
    default:
      return undefined;
  }
}
