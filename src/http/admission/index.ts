export type { Verdict } from "./breaker.ts";
export { checkCeilings } from "./check-ceilings.ts";
export { clientKeyBytes, writeClientKey } from "./client-key.ts";
export { type Refusal, refusal, refusalHeaders } from "./refusal.ts";
export type { RouteAdmission, RouteAdmissionStatus } from "./route-admission.ts";
export { SiteAdmission, type SiteAdmissionStatus } from "./site-admission.ts";
export type { Tally } from "./tally.ts";
