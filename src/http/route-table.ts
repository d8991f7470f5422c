/** The order in which routes are tried: the most specific path first, whatever the order in site.toml. */
import type { RouteConfig } from "../config/index.ts";

/** All routes of one path; which of them answers depends on the method. */
export interface RouteEntry {
  readonly path: string;
  readonly routes: readonly RouteConfig[];
}

/** What a route answers when it names no methods. TRACE and CONNECT are never handed on. */
export const defaultMethods: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Groups routes by path and sorts them: segment by segment a literal comes before a `:param`, that before
 * `*`, and the longer path before the shorter.
 */
export function sortRoutes(routes: readonly RouteConfig[]): RouteEntry[] {
  const byPath = Map.groupBy(routes, (route) => route.path);
  return [...byPath]
    .map(([path, group]) => ({ path, routes: group }))
    .sort((a, b) => compareSpecificity(a.path, b.path));
}

/** Methods that a route answers: GET brings HEAD along. */
export function methodsOf(route: RouteConfig): readonly string[] {
  if (route.methods === undefined) return defaultMethods;
  const { methods } = route;
  return methods.includes("GET") && !methods.includes("HEAD") ? [...methods, "HEAD"] : methods;
}

function compareSpecificity(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = rank(left[i]) - rank(right[i]);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : 1;
}

function rank(segment: string | undefined): number {
  if (segment === "*") return 3;
  if (segment === undefined) return 2;
  return segment.startsWith(":") ? 1 : 0;
}
