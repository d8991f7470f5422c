/** The releases of a node's sites, kept so that no cut of the power loses or mixes one. SQLite is loaded late. */
export type { Disk } from "./disk.ts";
export { nodeDisk } from "./disk.ts";
export { hasJournal } from "./has-journal.ts";
export { lockState, type StateLock } from "./lock-state.ts";
export { openMemoryStore, openStore } from "./open-store.ts";
export type { CanaryRecord, KeptRelease, ReleaseEntry, SiteRecord } from "./site-record.ts";
export type { AuditEntry, Base, CommitEntry, PendingPatch, SiteStore, Store } from "./store.ts";
