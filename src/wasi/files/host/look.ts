/** What lies under a name or behind a descriptor. */
import { type BigIntStats, fstatSync } from "node:fs";
import { Failure, type Result } from "../answer.ts";
import type { Stat } from "../open-node.ts";
import { lookAtDarwin } from "./look-darwin.ts";
import { typeOfMode } from "./mode.ts";
import { closeDescriptor, openAt, pathOnly } from "./system-calls.ts";
import { failureOfThrown } from "./system-errno.ts";

/** Something that was looked at without acting on it, links included. */
export interface Seen extends Disposable {
  readonly stat: Stat;
  /** Stands for it and for nothing else that the name may come to mean. Darwin has no such descriptors. */
  readonly pin: number | undefined;
}

/** Looks at a name in an open directory. */
export function lookAt(directory: number, name: string): Result<Seen> {
  if (pathOnly === 0) return lookAtDarwin(directory, name);
  const pin = openAt(directory, name, pathOnly);
  if (pin instanceof Failure) return pin;
  const stat = statOf(pin);
  if (stat instanceof Failure) {
    closeDescriptor(pin);
    return stat;
  }
  return { stat, pin, [Symbol.dispose]: () => closeDescriptor(pin) };
}

/** Looks at what is open. */
export function statOf(descriptor: number): Result<Stat> {
  let stats: BigIntStats;
  try {
    stats = fstatSync(descriptor, { bigint: true });
  } catch (error) {
    return failureOfThrown(error);
  }
  return {
    device: stats.dev,
    inode: stats.ino,
    type: typeOfMode(Number(stats.mode)),
    links: stats.nlink,
    sizeBytes: stats.size,
    accessedNs: stats.atimeNs,
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
  };
}
