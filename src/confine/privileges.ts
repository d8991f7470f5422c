/** What a process may do on its machine, given up for good: nothing here can be taken back. */
import { messageOf } from "../errors.ts";
import type { ConfineStep } from "./confine-report.ts";

/** Who this process is, and how it becomes another. */
export type Identity = Pick<NodeJS.Process, "getuid" | "setuid" | "setgid" | "setgroups">;

/**
 * Becomes a user that is not root, with a group of the same number or name and no others. For one that is not root
 * already there is nothing to give up.
 */
export function dropPrivileges(user: string, identity: Identity = process): ConfineStep {
  const step = (done: boolean, words: string): ConfineStep => ({ part: "privileges", done, words });
  const uid = identity.getuid?.();
  if (uid === undefined) return step(false, "this system has no users that a process could become");
  if (uid !== 0) return step(true, `emend runs as user ${uid}, which is not root`);
  try {
    identity.setgroups?.([]);
    identity.setgid?.(groupOf(user, identity));
    identity.setuid?.(numeric(user));
  } catch (error) {
    return step(false, `emend could not become the user ${user}: ${messageOf(error)}`);
  }
  const now = identity.getuid?.();
  return now === 0 ? step(false, `${user} is root`) : step(true, `emend runs as ${user} (${now})`);
}

/** A user has a group of its own name, or the one that has no rights. */
function groupOf(user: string, { setgid }: Identity): string | number {
  for (const name of [user, "nogroup"]) {
    try {
      setgid?.(numeric(name));
      return numeric(name);
    } catch {
      // The next one.
    }
  }
  return numeric(user);
}

function numeric(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}

/** prctl(2): PR_SET_NO_NEW_PRIVS. */
const setNoNewPrivileges = 38;

/** From now on no program that is started here gains privileges from its file (setuid, capabilities). */
export function refuseNewPrivileges(cLibrary: string = "libc.so.6"): ConfineStep {
  const step = (done: boolean, words: string): ConfineStep => ({ part: "new privileges", done, words });
  try {
    const ffi = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
    const { symbols } = ffi.dlopen(cLibrary, {
      prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    });
    const failed = symbols.prctl(setNoNewPrivileges, 1, 0, 0, 0) !== 0;
    return failed
      ? step(false, "the kernel refused it")
      : step(true, "none can be gained by starting a program");
  } catch (error) {
    return step(false, messageOf(error));
  }
}
