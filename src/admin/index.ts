/** The control plane's HTTP: a second Hono app on a listener of its own. One file a resource, one a guard. */
export { type AdminOptions, createAdminApi } from "./admin-api.ts";
export { type RefusalAnswer, refusalAnswerSchema } from "./answer-refusal.ts";
export { type Audit, type AuditEntry, auditSchema } from "./audit.ts";
export type {
  ApplyOptions,
  ControlOptions,
  NodeControl,
  ReleaseFile,
  RollbackOptions,
  SiteControl,
  Upload,
} from "./control.ts";
export { type AnyEvent, anyEventSchema, nodeEventSchema } from "./event-schema.ts";
export {
  type ReleaseFiles,
  type ReleaseHistory,
  releaseFilesSchema,
  releaseHistorySchema,
} from "./releases.ts";
export { type ReloadResult, reloadResultSchema } from "./reload.ts";
export {
  type CanaryStatus,
  canaryStatusSchema,
  type HealthCounts,
  type ReleaseSummary,
  releaseSummarySchema,
  type SiteUpdateStatus,
  type WatchStatus,
} from "./site-update-status.ts";
export {
  type GuestStatus,
  type LaneStatus,
  type NodeStatus,
  nodeStatusSchema,
  type SiteStatus,
  type TrafficCounts,
} from "./status.ts";
export { type UpdateResult, type UpdateTimes, updateResultSchema } from "./update-result.ts";
export { type FloorStatus, floorStatusSchema } from "./verdicts.ts";
