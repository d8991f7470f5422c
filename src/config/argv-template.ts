// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the templates' own, not JavaScript's.
/** Templates of a guest's arguments (`argv` of a route): `${SCRIPT_NAME}` and `${ARGS}` stand for parts of the request. */
import * as v from "valibot";
import { text } from "./scalar.ts";

/** The guest's arguments: a list taken element by element, or one template that is split on white space. */
export type ArgvTemplate =
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "split"; readonly template: string };

/** What the key means. */
export const argvDescription: string =
  "The guest's arguments: a list of templates, or one text that is split on white space. ${SCRIPT_NAME} is the " +
  "path of the request, ${ARGS} its query. Without it: the path, then the parts of the query.";

const template = text("a template", checkTemplate);

/** The schema of `argv`. */
export const argvTemplate: v.GenericSchema<unknown, ArgvTemplate> = v.pipe(
  v.union(
    [
      v.pipe(v.array(template, "a list of templates"), v.nonEmpty("a list with at least one template")),
      template,
    ],
    "a list of templates or one template",
  ),
  v.transform(
    (argv): ArgvTemplate =>
      typeof argv === "string" ? { kind: "split", template: argv } : { kind: "list", items: argv },
  ),
);

function checkTemplate(value: string): string | undefined {
  if (value.includes("\0")) return "a template without NUL";
  // A misspelt placeholder would reach the guest as it stands.
  for (const [placeholder] of value.matchAll(/\$\{[^}]*\}?/g)) {
    if (placeholder !== "${SCRIPT_NAME}" && placeholder !== "${ARGS}") {
      return "no placeholders but ${SCRIPT_NAME} and ${ARGS}";
    }
  }
  return undefined;
}
