/** What a site.toml asks for, held against what the operator allows: asking for more is an error, never clamped. */
import type { RouteConfig, SiteLimits } from "../../config/index.ts";
import { EmendError } from "../../errors.ts";

interface Ceiling {
  /** Names of the keys, as written in site.toml and in emend.toml. */
  readonly key: string;
  readonly limit: string;
  readonly asked: (route: RouteConfig) => number;
  readonly max: (limits: SiteLimits) => number;
}

const ceilings: readonly Ceiling[] = [
  {
    key: "timeout_ms",
    limit: "guest_timeout_ms_max",
    asked: (route) => route.timeoutMs,
    max: (limits) => limits.guestTimeoutMsMax,
  },
  {
    key: "cpu_ms",
    limit: "guest_cpu_ms_max",
    asked: (route) => route.cpuMs,
    max: (limits) => limits.guestCpuMsMax,
  },
  {
    key: "memory_max",
    limit: "guest_memory_max",
    asked: (route) => route.memoryBytesMax,
    max: (limits) => limits.guestMemoryBytesMax,
  },
];

/**
 * Refuses a site whose routes ask for more than they may have.
 *
 * @throws EmendError `site.limit`, naming every route, key, what it asks for and what is allowed.
 */
export function checkCeilings(routes: readonly RouteConfig[], limits: SiteLimits): void {
  const excesses = routes.flatMap((route) =>
    ceilings.flatMap(({ key, limit, asked, max }) =>
      asked(route) <= max(limits)
        ? []
        : [`route ${route.path}: ${key} is ${asked(route)}, but the operator's ${limit} is ${max(limits)}`],
    ),
  );
  if (excesses.length > 0) throw new EmendError("site.limit", excesses.join("; "));
}
