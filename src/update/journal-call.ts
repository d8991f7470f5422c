/** Changes of a site's journal as plain data, so that they can be asked of another thread. */
import type { SiteRecord, SiteStore } from "../store/index.ts";

/** The name of a method of `SiteStore`, and what it is called with. */
export type JournalCall =
  | readonly ["rollback", to: string, bad: string | null]
  | readonly ["endCanary", verdict: "promoted" | "aborted", bad: string | null]
  | readonly ["clearBad", digest: string]
  | readonly ["lowerFloor", to: number]
  | readonly ["dropDamaged", digest: string];

/** Makes the change. Throws `store.*`, `release.unknown`. */
export function changeJournal(site: SiteStore, call: JournalCall): SiteRecord {
  switch (call[0]) {
    case "rollback":
      return site.rollback(call[1], call[2]);
    case "endCanary":
      return site.endCanary(call[1], call[2]);
    case "clearBad":
      return site.clearBad(call[1]);
    case "lowerFloor":
      return site.lowerFloor(call[1]);
    case "dropDamaged":
      return site.dropDamaged(call[1]);
  }
}
