/**
 * What root has written in the state directory has to belong to the user that the node becomes, or that node could
 * take no patch. From then on whoever writes there as root gives it to the directory's owner (state/state-file.ts).
 */
import { lchownSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import type { ConfineStep } from "./confine-report.ts";

/** How a process finds the number of a user: by being it for a moment. */
export type EffectiveUser = Pick<NodeJS.Process, "geteuid" | "seteuid">;

/** All that a node keeps: a directory with anything else in it is somebody's, and is left alone. */
const kept = /^(?:node-id|token|tokens|lock|sites|blobs|journal\.db.*)$/;

/** Gives a state directory that is root's to a user, with all that is in it. */
export function giveState(dir: string, user: string, identity: EffectiveUser = process): ConfineStep {
  const step = (done: boolean, words: string): ConfineStep => ({ part: "state directory", done, words });
  try {
    const { uid: owner, mode } = lstatSync(dir);
    if (owner !== 0) return step(true, `${dir} is user ${owner}'s`);
    const foreign = readdirSync(dir).find((name) => !kept.test(name));
    if (foreign !== undefined) return step(false, `${dir} is root's and holds ${foreign}, which is no state`);
    // Others could put something in between two steps of what follows.
    if ((mode & 0o022) !== 0) return step(false, `${dir} is root's and others may write to it`);
    const uid = numberOf(user, identity);
    for (const name of readdirSync(dir, { recursive: true })) give(join(dir, String(name)), uid);
    give(dir, uid);
    return step(true, `${dir} is given to ${user} (${uid})`);
  } catch (error) {
    return step(false, messageOf(error));
  }
}

/** Never through a link. The group stays. */
function give(path: string, uid: number): void {
  lchownSync(path, uid, lstatSync(path).gid);
}

function numberOf(user: string, { geteuid, seteuid }: EffectiveUser): number {
  if (/^\d+$/.test(user)) return Number(user);
  seteuid?.(user);
  const uid = geteuid?.();
  seteuid?.(0);
  if (uid === undefined) throw new Error("this system has no users");
  return uid;
}
