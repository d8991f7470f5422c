/** The methods of routes, and routes of one site that would answer the same requests. */
import type * as v from "valibot";
import { describe } from "./issue.ts";
import { routeShape } from "./route-path.ts";
import { isTable } from "./table.ts";

/** Methods that a route can be limited to. */
export const routeMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** One of the methods that a route can be limited to. */
export type RouteMethod = (typeof routeMethods)[number];

/** Two routes must not answer the same requests. Runs on tables with errors in them too, so it trusts no field. */
export function findRivals<Routes>({ dataset, addIssue }: v.RawCheckContext<Routes>): void {
  const list: unknown = dataset.value;
  if (!Array.isArray(list)) return;
  const taken = new Map<string, number>();
  for (const [index, value] of list.entries()) {
    if (!isTable(value) || typeof value.path !== "string") continue;
    const { path } = value;
    const rivals = methodsOf(value.methods).flatMap((method) => {
      const key = `${method} ${routeShape(path)}`;
      const rival = taken.get(key);
      if (rival === undefined) taken.set(key, index);
      return rival === undefined || rival === index ? [] : [{ method, rival }];
    });
    if (rivals.length === 0) continue;
    const { method, rival } = rivals[0]!;
    addIssue({
      message: `expected a path that no other route answers, got ${describe(path)}, which route[${rival}] answers for ${method}`,
      path: [
        { type: "array", origin: "value", input: list, key: index, value },
        { type: "object", origin: "value", input: value, key: "path", value: path },
      ],
    });
  }
}

function methodsOf(value: unknown): readonly string[] {
  const named = Array.isArray(value) ? value.filter((method) => typeof method === "string") : routeMethods;
  return named.includes("GET") ? [...new Set([...named, "HEAD"])] : named;
}
