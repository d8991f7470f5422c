/** The operator's mounts: real directories, opened once for all guests of a site. */
import type { SiteMount } from "./config/index.ts";
import { loadHostFiles, type Preopen } from "./wasi/index.ts";

/**
 * Opens what a site mounts. A disk that is slow holds the guests that wait for it and not the thread.
 *
 * @throws EmendError `io` when a directory cannot be opened.
 */
export async function openMounts(mounts: readonly SiteMount[]): Promise<readonly Preopen[]> {
  if (mounts.length === 0) return [];
  const { openHostDirectoryOffThread } = await loadHostFiles();
  return mounts.map(({ host, guest, readOnly }) => ({
    name: guest,
    directory: openHostDirectoryOffThread(host, { readOnly }),
    readOnly,
  }));
}
