/** The two configuration files: site.toml of a site's author, emend.toml of a node's operator. */
export type { ArgvTemplate } from "./argv-template.ts";
export type { BreakerConfig } from "./breaker.ts";
export type { CanaryConfig } from "./canary.ts";
export type { ConfigVerdict } from "./check-config.ts";
export { type ConfigKind, configKindOf } from "./config-kind.ts";
export { defaultNodeConfig, type ListenAddress, parseListenAddress, singleModuleConfig } from "./defaults.ts";
export { type ConfigIssue, listIssues } from "./issue.ts";
export {
  checkNodeConfig,
  type NodeConfig,
  type NodeSite,
  parseNodeConfig,
  type ServerConfig,
  type SiteMount,
  type TlsFiles,
} from "./node-config.ts";
export type { ProbeConfig } from "./probe.ts";
export type { RouteMethod } from "./rival-routes.ts";
export { configCrd, configJsonSchema } from "./schema-document.ts";
export {
  type AssetsConfig,
  checkSiteConfig,
  defaultSiteConfig,
  parseSiteConfig,
  type RouteConfig,
  type SiteConfig,
} from "./site-config.ts";
export type { SiteLimits } from "./site-limits.ts";
export type { WatchConfig } from "./watch.ts";
