/**
 * Queries and JSON bodies, checked. What is not known is refused, also in a query: a misspelt `dry-run` must not
 * become an update.
 */
import * as v from "valibot";
import { EmendError } from "../errors.ts";
import type { AdminContext } from "./endpoint.ts";

/** Of calls without parameters. */
export const noQuery: v.GenericSchema<unknown, Record<never, never>> = v.strictObject({});

/** A parameter that is `1` or `0`, and false when it is left out. */
export const flag: v.GenericSchema<unknown, boolean> = v.optional(
  v.pipe(
    v.picklist(["0", "1"], "expected 1 or 0"),
    v.transform((text) => text === "1"),
  ),
  "0",
);

/** The parameters of the query. Throws `request.malformed`. */
export function parseQuery<Query>(c: AdminContext, schema: v.GenericSchema<unknown, Query>): Query {
  const given = new Map<string, string>();
  for (const [name, value] of new URL(c.req.url).searchParams) {
    if (given.has(name)) throw malformed(`the parameter ${JSON.stringify(name)} is there twice`);
    given.set(name, value);
  }
  return checked(Object.fromEntries(given), schema, "the query");
}

/** The JSON body; an empty one counts as `{}`. Throws `request.malformed`. */
export async function parseBody<Body>(
  c: AdminContext,
  schema: v.GenericSchema<unknown, Body>,
): Promise<Body> {
  const text = await c.req.text();
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw malformed("expected a body of JSON");
  }
  // To valibot an array without items is an object without keys.
  if (Array.isArray(value)) throw malformed("the body: expected an object, got an array");
  return checked(value, schema, "the body");
}

/** A digest or SHA-256 in the path, with or without `sha256:`, as 64 hexadecimal digits. */
export function parseDigest(text: string | undefined): string {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text ?? "")?.[1];
  if (hex === undefined) throw malformed("expected a digest of 64 hexadecimal digits in the path");
  return hex;
}

function checked<Output>(input: unknown, schema: v.GenericSchema<unknown, Output>, what: string): Output {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw malformed(`${what}${path === null ? "" : `, ${JSON.stringify(path)}`}: ${sentence(issue.message)}`);
}

/** Messages end up in one line, and quote no more of what was sent than is useful. */
function sentence(message: string): string {
  return message.length <= 200 ? message : `${message.slice(0, 199)}…`;
}

function malformed(message: string): EmendError {
  return new EmendError("request.malformed", message);
}
