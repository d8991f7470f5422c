/**
 * How much memory is left before the kernel acts: what the control groups (v2) around this process allow beyond what
 * they have, and what the machine has available. Pages of files that the kernel can drop count as room.
 *
 * Pressure (PSI) counts as well: a group that stalls for memory is short of it, whatever the sums say. There would be
 * events for it, but on a descriptor that has to be polled for POLLPRI, which Bun cannot; and a look when memory is
 * handed out comes in time.
 */
import { readFileSync } from "node:fs";

export interface MemoryLook {
  readonly roomBytes: number;
  /** Work stood still for memory lately. */
  readonly isStalled: boolean;
}

/** Share of the last ten seconds in which some work stood still for memory, in percent, from which on it is short. */
const stalledPercent = 10;

/** A file's text; undefined where it cannot be read. */
export type ReadText = (path: string) => string | undefined;

export class MachineMemory {
  readonly totalBytes: number;
  readonly #read: ReadText;
  /** Directories of the groups that limit this process, innermost first. */
  readonly #groups: readonly string[];

  constructor(read: ReadText = readText) {
    this.#read = read;
    const groups = groupsOf(read("/proc/self/cgroup"));
    this.#groups = groups.filter((group) => limitOf(read, group) < Number.POSITIVE_INFINITY);
    const total = kilobytes(read("/proc/meminfo"), "MemTotal") ?? Number.POSITIVE_INFINITY;
    this.totalBytes = Math.min(total, ...this.#groups.map((group) => limitOf(read, group)));
  }

  look(): MemoryLook {
    const read = this.#read;
    const available = kilobytes(read("/proc/meminfo"), "MemAvailable") ?? Number.POSITIVE_INFINITY;
    const rooms = this.#groups.map((group) => roomOf(read, group));
    return {
      roomBytes: Math.min(available, ...rooms),
      isStalled: this.#groups.some((group) => stallOf(read(`${group}/memory.pressure`)) >= stalledPercent),
    };
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** `0::/a/b` is the group of v2; those around it limit as well. */
function groupsOf(text: string | undefined): string[] {
  const path = /^0::(\/.*)$/m.exec(text ?? "")?.[1];
  if (path === undefined) return [];
  const names = path.split("/").filter((name) => name !== "");
  return names
    .map((_, i) => `/sys/fs/cgroup/${names.slice(0, names.length - i).join("/")}`)
    .concat("/sys/fs/cgroup");
}

function limitOf(read: ReadText, group: string): number {
  return Math.min(...["memory.max", "memory.high"].map((name) => bytesOf(read(`${group}/${name}`))));
}

function roomOf(read: ReadText, group: string): number {
  const droppable = Number(/^inactive_file (\d+)$/m.exec(read(`${group}/memory.stat`) ?? "")?.[1] ?? 0);
  const current = bytesOf(read(`${group}/memory.current`));
  return current === Number.POSITIVE_INFINITY ? current : limitOf(read, group) - current + droppable;
}

/** `max`, and what cannot be read, is no limit. */
function bytesOf(text: string | undefined): number {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

/** `some avg10=0.00 avg60=…` */
function stallOf(text: string | undefined): number {
  return Number(/^some avg10=([\d.]+)/m.exec(text ?? "")?.[1] ?? 0);
}

function kilobytes(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}
