/**
 * `--watch`: a change in a served directory becomes a local release. Editors write in several steps, so a
 * change is acted on once the directory has been still for a moment.
 */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { EmendError, messageOf } from "./errors.ts";
import { watchQuietMs } from "./limits.ts";

/**
 * Calls `changed` after each burst of changes below `path`, one call at a time. Dispose to stop.
 *
 * @throws EmendError `io` when the system does not watch it.
 */
export function watchDirectory(path: string, changed: () => Promise<void>): Disposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;

  const run = async (): Promise<void> => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    await changed();
    running = false;
    if (again) {
      again = false;
      schedule();
    }
  };
  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void run(), watchQuietMs);
  };
  let inside: FSWatcher | undefined = openWatcher(path, true, schedule);
  // A system watches what a name led to. Who moves another directory, or link, into its place changes its parent.
  const parent = openWatcher(dirname(path), false, (_, name) => {
    if (name !== basename(path)) return;
    inside?.close();
    inside = undefined;
    try {
      inside = openWatcher(path, true, schedule);
    } catch {
      // It is gone: `changed` says so, and its return is another change of the parent.
    }
    schedule();
  });
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      inside?.close();
      parent.close();
    },
  };
}

type OnChange = (event: string, name: string | null) => void;

function openWatcher(path: string, recursive: boolean, changed: OnChange): FSWatcher {
  try {
    const watcher = watch(path, { recursive }, changed);
    // What ends a watcher is a change as well; without a listener it would end the node.
    watcher.on("error", () => changed("error", null));
    return watcher;
  } catch (error) {
    throw new EmendError("io", `cannot watch ${path}: ${messageOf(error)}; start without --watch`, {
      cause: error,
    });
  }
}
