/**
 * A control group (v2) of emend's own, with limits: what the kernel holds emend to, should its own accounting ever be
 * wrong. The node reads the group's room and shrinks its pools before the kernel acts.
 *
 * ```
 *  the group that emend was started in      controllers are handed down (cgroup.subtree_control)
 *   └─ emend-PID                            memory.max, memory.high, cpu.max, pids.max; emend is in here
 * ```
 * A group that hands controllers down must have no process itself (Linux, cgroup-v2.rst, "No Internal Process
 * Constraint"), so emend moves first. Where others are in the same group the kernel refuses: start emend in a group of
 * its own then (systemd: `Delegate=yes`, or `MemoryMax=` and `CPUQuota=` of the unit, which do the same).
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { messageOf } from "../errors.ts";
import type { ConfineStep } from "./confine-report.ts";

export interface GroupLimits {
  readonly memoryBytes: number;
  /** Cores, a fraction at will. */
  readonly cores: number;
  /** Processes and threads. */
  readonly tasks: number;
}

/** The files of the kernel, for tests. Each throws what the system says. */
export interface GroupFiles {
  readonly read: (path: string) => string;
  readonly write: (path: string, text: string) => void;
  readonly makeDirectory: (path: string) => void;
  readonly removeDirectory: (path: string) => void;
}

/** From here on memory is taken back from emend before more is refused to it, as a share of the limit. */
const highShare = 0.9;

const periodUs = 100_000;

/** Moves this process into a group of its own with these limits. */
export function limitOwnGroup(
  limits: GroupLimits,
  pid: number = process.pid,
  files: GroupFiles = kernelFiles,
): ConfineStep {
  const step = (done: boolean, words: string): ConfineStep => ({ part: "control group", done, words });
  const parent = ownGroup(files);
  if (parent === undefined) return step(false, "this system shows no control groups of version 2");
  const group = `${parent}/emend-${pid}`;
  try {
    files.makeDirectory(group);
  } catch (error) {
    return step(false, `${group} could not be made: ${messageOf(error)}`);
  }
  try {
    files.write(`${group}/cgroup.procs`, `${pid}`);
    files.write(`${parent}/cgroup.subtree_control`, "+memory +cpu +pids");
    for (const [name, value] of settings(limits)) files.write(`${group}/${name}`, value);
    return step(true, `${group}: ${describe(limits)}`);
  } catch (error) {
    leave(parent, group, pid, files);
    return step(false, `${group} could not be limited: ${messageOf(error)}`);
  }
}

function settings({ memoryBytes, cores, tasks }: GroupLimits): [name: string, value: string][] {
  return [
    ["memory.max", `${memoryBytes}`],
    ["memory.high", `${Math.floor(memoryBytes * highShare)}`],
    ["cpu.max", `${Math.round(cores * periodUs)} ${periodUs}`],
    ["pids.max", `${tasks}`],
  ];
}

function describe({ memoryBytes, cores, tasks }: GroupLimits): string {
  return `at most ${Math.floor(memoryBytes / 1024 / 1024)} MiB of memory, ${cores} cores, ${tasks} threads`;
}

/** Back to where it was: a group without limits would only look like a wall. */
function leave(parent: string, group: string, pid: number, files: GroupFiles): void {
  try {
    files.write(`${parent}/cgroup.procs`, `${pid}`);
    files.removeDirectory(group);
  } catch {
    // It stays in a group that limits nothing, as before.
  }
}

/** Where this process's group is; undefined where there is no version 2. */
function ownGroup({ read }: GroupFiles): string | undefined {
  try {
    const mount = /^\S+ (\S+) cgroup2 /m.exec(read("/proc/self/mounts"))?.[1];
    const path = /^0::(\/.*)$/m.exec(read("/proc/self/cgroup"))?.[1];
    return mount === undefined || path === undefined ? undefined : `${mount}${path === "/" ? "" : path}`;
  } catch {
    return undefined;
  }
}

const kernelFiles: GroupFiles = {
  read: (path) => readFileSync(path, "latin1"),
  write: (path, text) => writeFileSync(path, text),
  makeDirectory: (path) => mkdirSync(path),
  removeDirectory: (path) => rmdirSync(path),
};
