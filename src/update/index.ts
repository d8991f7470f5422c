/** Updates of a running node: from the bytes of a patch to the release that answers, and back. */
export type { Clock } from "./clock.ts";
export { NodeUpdates } from "./node-updates.ts";
export type { SiteLane } from "./site-lane.ts";
export type { SiteUpdates } from "./site-updates.ts";
export type { UpdateRules } from "./updated-site.ts";
