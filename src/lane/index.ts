export {
  Lane,
  type LaneOptions,
  type LaneSiteStatus,
  type ListenOptions,
  type Ready,
  type SiteGrants,
} from "./lane.ts";
export type { Prepared } from "./prepared.ts";
