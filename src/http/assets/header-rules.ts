/**
 * The `cache` and `headers` tables of `[assets]`: globs over the file's name inside the assets directory, in the
 * order in which they are written. A later rule wins over an earlier one, as in .gitattributes.
 */
import type { AssetsConfig } from "../../config/index.ts";

/**
 * After an update a page and its scripts must come from one release, and nobody says that a name's bytes stay the
 * same: so everything is asked for again, and the entity tag makes that a 304.
 */
const defaultCacheControl = "no-cache";

type Rule = { readonly glob: Bun.Glob; readonly fields: readonly [name: string, value: string][] };

/** Gives the fields that a site wants on the answer with the file `name`. `add` are on every answer. */
export type HeaderRules = (name: string) => Headers;

/** Compiles the two tables, which the schema of site.toml has checked. */
export function compileHeaderRules(
  config: Pick<AssetsConfig, "cache" | "headers">,
  add: Readonly<Record<string, string>>,
): HeaderRules {
  const rules: Rule[] = [
    ...Object.entries(config.cache).map(([glob, value]) => compileRule(glob, { "cache-control": value })),
    ...Object.entries(config.headers).map(([glob, fields]) => compileRule(glob, fields)),
  ];
  return (name) => {
    const headers = new Headers({
      "cache-control": defaultCacheControl,
      "x-content-type-options": "nosniff",
    });
    for (const { glob, fields } of rules) {
      if (glob.match(name)) for (const [field, value] of fields) headers.set(field, value);
    }
    for (const [field, value] of Object.entries(add)) headers.set(field, value);
    return headers;
  };
}

function compileRule(glob: string, fields: Readonly<Record<string, string>>): Rule {
  return { glob: new Bun.Glob(glob), fields: Object.entries(fields) };
}
