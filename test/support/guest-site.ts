/** What guests of a site need, for tests of guests without a site: all the time and memory there is. */
import {
  CpuShare,
  type GuestRun,
  type GuestSite,
  MachineMemory,
  NodeMemory,
  Scheduler,
} from "../../src/guest/index.ts";

/** A run may use whatever it wants. */
export const noLimits: Pick<GuestRun, "cpuMsMax" | "memoryBytesMax" | "deadlineMs" | "onPause" | "onLimit"> =
  {
    cpuMsMax: Number.POSITIVE_INFINITY,
    memoryBytesMax: Number.POSITIVE_INFINITY,
    deadlineMs: Number.POSITIVE_INFINITY,
    onPause: () => undefined,
    onLimit: () => undefined,
  };

/** `memoryBytesMax`: what all guests of the site may have. */
export function guestSite(memoryBytesMax: number = Number.POSITIVE_INFINITY): GuestSite {
  const memory = new NodeMemory({
    machine: new MachineMemory(() => undefined),
    nowMs: () => performance.now(),
    collect: () => Bun.gc(true),
  });
  return {
    scheduler: new Scheduler(),
    share: new CpuShare(),
    memory: memory.site(memoryBytesMax),
    initialCpuMsMax: 10_000,
  };
}
