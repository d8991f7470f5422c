export {
  Lane,
  type LaneOptions,
  type LaneSiteStatus,
  type ListenOptions,
  type Prepared,
  type SiteGrants,
} from "./lane.ts";
