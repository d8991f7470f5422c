export type { SiteLimits } from "../config/index.ts";
export { checkCeilings, SiteAdmission, type SiteAdmissionStatus } from "./admission/index.ts";
export { trustedProxies } from "./client-address.ts";
export type { SiteContent, SiteFile } from "./content.ts";
export { defaultMethods, methodsOf, type RouteEntry, sortRoutes } from "./route-table.ts";
export { type HttpServer, type ServerOptions, startServer } from "./server.ts";
export { type RouteStatus, SiteApp } from "./site-app.ts";
export { type SiteSlot, SiteTable } from "./site-table.ts";
