/** What is wrong with a configuration file, one finding at a time, in words for its author. */
import type * as v from "valibot";
import { configIssuesShownMax } from "../limits.ts";

/** One error: where in the file (`route[0].timeout_ms`, "" for the whole file) and what was expected and got. */
export type ConfigIssue = { readonly path: string; readonly message: string };

/**
 * An issue of valibot as ours. Messages in the schemas are the expected thing, those of raw checks sentences.
 * Where a union failed inside one of its options, what failed there is told, not that the union did.
 */
export function fromValibot(issue: v.BaseIssue<unknown>): ConfigIssue[] {
  const path = pathOf(issue.path);
  const inner = (issue.issues ?? []).filter((part) => part.path !== undefined);
  if (inner.length === 0) return [{ path, message: sentenceOf(issue) }];
  return inner.map((part) => ({ path: pathOf(part.path, path), message: sentenceOf(part) }));
}

/** All errors of a file, one a line: `FILE: PATH: expected X, got Y`. */
export function listIssues(file: string, issues: readonly ConfigIssue[]): string {
  const lines = issues
    .slice(0, configIssuesShownMax)
    .map(({ path, message }) => `${file}: ${path === "" ? "" : `${path}: `}${message}`);
  const rest = issues.length - lines.length;
  if (rest > 0) lines.push(`${file}: and ${rest} more`);
  return lines.join("\n");
}

/** A key below a path, written as TOML would: bare where that is possible, else quoted. */
export function joinKey(path: string, key: string): string {
  const shown = /^[\w-]+$/.test(key) ? key : quote(key);
  return path === "" ? shown : `${path}.${shown}`;
}

/** A value of a TOML file for a message: short, on one line, harmless for a terminal. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return quote(value);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return `${value}`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return Object.getPrototypeOf(value) === Object.prototype ? "a table" : "a date or time";
}

function sentenceOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "raw_check") return issue.message;
  // A missing key is reported by its table, whose message says what a table is.
  if (issue.path?.at(-1)?.origin === "key" && issue.input === undefined) {
    return "expected a value, got nothing: this key is required";
  }
  return `expected ${issue.message}, got ${describe(issue.input)}`;
}

function pathOf(items: v.BaseIssue<unknown>["path"], above = ""): string {
  let path = above;
  for (const { key } of items ?? [])
    path = typeof key === "number" ? `${path}[${key}]` : joinKey(path, `${key}`);
  return path;
}

function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text;
  const hidden = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
  return JSON.stringify(shown).replace(
    hidden,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
