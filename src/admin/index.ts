/** The control plane's HTTP: a second Hono app on a listener of its own. One file a resource, one a guard. */
export { type AdminOptions, createAdminApi } from "./admin-api.ts";
export {
  type GuestStatus,
  type LaneStatus,
  type NodeStatus,
  nodeStatusSchema,
  type SiteStatus,
} from "./status.ts";
