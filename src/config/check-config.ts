/** From the text of a configuration file to a configuration or to everything that is wrong with it. */
import * as v from "valibot";
import { EmendError } from "../errors.ts";
import { type ConfigIssue, fromValibot, listIssues } from "./issue.ts";
import { parseToml } from "./toml.ts";

/** A configuration, or all errors of its file at once. */
export type ConfigVerdict<Config> =
  | { readonly kind: "valid"; readonly config: Config }
  | { readonly kind: "invalid"; readonly issues: readonly ConfigIssue[] };

/** Checks a text against a schema. Never throws. */
export function checkConfig<Config>(
  schema: v.GenericSchema<unknown, Config>,
  toml: string,
): ConfigVerdict<Config> {
  const document = parseToml(toml);
  return document.kind === "invalid" ? document : checkDocument(schema, document.root);
}

/** Checks what a file would hold against a schema. Never throws. */
export function checkDocument<Config>(
  schema: v.GenericSchema<unknown, Config>,
  document: unknown,
): ConfigVerdict<Config> {
  const result = v.safeParse(schema, document);
  if (result.success) return { kind: "valid", config: result.output };
  // Several rules of one value may say the same: 1.5 is no integer and out of range.
  const issues = new Map(
    result.issues.flatMap(fromValibot).map((issue) => [`${issue.path}: ${issue.message}`, issue]),
  );
  return { kind: "invalid", issues: [...issues.values()] };
}

/** The configuration of a verdict. Throws an EmendError that lists every error, one a line, each with the file. */
export function configOrThrow<Config>(
  verdict: ConfigVerdict<Config>,
  code: "site.config" | "node.config",
  file: string,
): Config {
  if (verdict.kind === "valid") return verdict.config;
  throw new EmendError(code, listIssues(file, verdict.issues));
}
