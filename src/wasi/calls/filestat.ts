/** `$filestat` in the guest's memory, and the times that calls set. */
import { errno } from "../errno.ts";
import type { Stat, Times } from "../files/index.ts";
import type { WasiHost } from "../host.ts";
import type { FilestatLayout } from "../layout.ts";
import { wallClockNs } from "../wall-clock.ts";
import { unsignedBig64 } from "./integers.ts";

const linksMax32 = 0xffff_ffffn;

/** Writes a stat, laid out as layout.ts pictures it, to memory that was checked. */
export function putFilestat(host: WasiHost, layout: FilestatLayout, pointer: number, stat: Stat): number {
  const { memory } = host;
  const at = pointer >>> 0;
  memory.fill(at, layout.bytes, 0);
  memory.setU64(at, stat.device);
  memory.setU64(at + 8, stat.inode);
  memory.setU8(at + 16, stat.type);
  if (layout.linksBytes === 8) memory.setU64(at + layout.links, stat.links);
  else memory.setU32(at + layout.links, Number(stat.links > linksMax32 ? linksMax32 : stat.links));
  memory.setU64(at + layout.size, stat.sizeBytes);
  memory.setU64(at + layout.size + 8, stat.accessedNs);
  memory.setU64(at + layout.size + 16, stat.modifiedNs);
  memory.setU64(at + layout.size + 24, stat.changedNs);
  return errno.success;
}

/** `$fstflags`. */
const timeFlag = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

/** What `$fstflags` and two u64 mean; EINVAL for unknown flags, and for a time that is both given and "now". */
export function timesOf(
  accessedLow: number,
  accessedHigh: number,
  modifiedLow: number,
  modifiedHigh: number,
  flags: number,
): Times | number {
  if (flags & ~0xf) return errno.inval;
  const { accessed, accessedNow, modified, modifiedNow } = timeFlag;
  if (flags & accessed && flags & accessedNow) return errno.inval;
  if (flags & modified && flags & modifiedNow) return errno.inval;
  const now = wallClockNs();
  const pick = (given: number, isNow: number, low: number, high: number): bigint | undefined => {
    if (flags & isNow) return now;
    return flags & given ? unsignedBig64(low, high) : undefined;
  };
  return {
    accessedNs: pick(accessed, accessedNow, accessedLow, accessedHigh),
    modifiedNs: pick(modified, modifiedNow, modifiedLow, modifiedHigh),
  };
}
