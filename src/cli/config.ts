/** `emend config`: checks configuration files and prints their generated schemas. */
import { promises } from "node:fs";
import { basename } from "node:path";
import { Argument, Command, Option } from "commander";
import {
  type ConfigKind,
  checkNodeConfig,
  checkSiteConfig,
  configCrd,
  configJsonSchema,
  configKindOf,
  listIssues,
} from "../config/index.ts";
import { EmendError, messageOf } from "../errors.ts";

/**
 * The command, with `check` and `schema` below it. `write` receives what belongs on stdout. Actions throw:
 * `usage`, `io`, and `site.config` or `node.config` with every error of the file.
 */
export function configCommand(write: (text: string) => void = writeToStdout): Command {
  return new Command("config")
    .description("check configuration files, print their schemas")
    .addCommand(checkCommand(write))
    .addCommand(schemaCommand(write));
}

type CheckOptions = { readonly kind?: ConfigKind; readonly json?: true };

function checkCommand(write: (text: string) => void): Command {
  return new Command("check")
    .description("check a site.toml or an emend.toml; all errors are listed at once")
    .argument("<file>", "the file; which of the two it is shows in its name, else in its tables")
    .addOption(new Option("--kind <kind>", "what the file is").choices(["site", "node"]))
    .option("--json", "print one JSON document: file, kind, valid, issues")
    .addHelpText(
      "after",
      `
Exit codes: 0 valid, 1 invalid or not readable, 2 wrong usage.

Examples:
  emend config check site.toml
  emend config check /etc/emend/emend.toml --json
  emend config check staging.toml --kind node`,
    )
    .action(async (file: string, options: CheckOptions) => check(file, options, write));
}

async function check(file: string, options: CheckOptions, write: (text: string) => void): Promise<void> {
  const toml = await readText(file);
  const kind = options.kind ?? configKindOf(basename(file), toml);
  if (kind === undefined) {
    throw new EmendError(
      "usage",
      `${file}: expected a site.toml or an emend.toml; say which with --kind site|node`,
    );
  }
  const verdict = kind === "site" ? checkSiteConfig(toml) : checkNodeConfig(toml);
  const issues = verdict.kind === "valid" ? [] : verdict.issues;
  if (options.json) write(`${JSON.stringify({ file, kind, valid: verdict.kind === "valid", issues })}\n`);
  if (verdict.kind === "invalid") {
    throw new EmendError(kind === "site" ? "site.config" : "node.config", listIssues(file, issues));
  }
  if (!options.json) write(`${file}: valid (${kind === "site" ? "site.toml" : "emend.toml"})\n`);
}

async function readText(file: string): Promise<string> {
  const bytes = await promises.readFile(file).catch((thrown: unknown) => {
    throw new EmendError("io", `cannot read ${file}: ${messageOf(thrown)}`, { cause: thrown });
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new EmendError("io", `cannot read ${file}: expected UTF-8, got other bytes`);
  }
}

type SchemaOptions = { readonly format: "json-schema" | "crd" };

function schemaCommand(write: (text: string) => void): Command {
  return new Command("schema")
    .description("print the schema of site.toml or emend.toml")
    .addArgument(new Argument("<kind>", "site.toml or emend.toml").choices(["site", "node"]))
    .addOption(
      new Option("--format <format>", "JSON Schema for editors, or a CustomResourceDefinition for Kubernetes")
        .choices(["json-schema", "crd"])
        .default("json-schema"),
    )
    .addHelpText(
      "after",
      `
Both formats are JSON and describe the keys of the file with their defaults. Rules between keys, such as
two routes on one path, are checked by "emend config check" alone.

Examples:
  emend config schema site > site.schema.json
  emend config schema node --format crd | kubectl apply -f -`,
    )
    .action((kind: ConfigKind, { format }: SchemaOptions) => {
      const document = format === "crd" ? configCrd(kind) : configJsonSchema(kind);
      write(`${JSON.stringify(document, null, 2)}\n`);
    });
}

function writeToStdout(text: string): void {
  process.stdout.write(text);
}
