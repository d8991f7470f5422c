/**
 * `--watch`: a change in a served directory becomes a local release. Editors write in several steps, so a
 * change is acted on once the directory has been still for a moment.
 */
import { type FSWatcher, watch } from "node:fs";
import { watchQuietMs } from "./limits.ts";

/** Calls `changed` after each burst of changes below `path`, one call at a time. Dispose to stop. */
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
  const watcher: FSWatcher = watch(path, { recursive: true }, schedule);
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
