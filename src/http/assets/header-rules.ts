/**
 * The `cache` and `headers` tables of `[assets]`: globs over the file's name inside the assets directory, in the
 * order in which they are written. A later rule wins over an earlier one, as in .gitattributes.
 */
import type { AssetsConfig } from "../../config/index.ts";
import { EmendError } from "../../errors.ts";

/**
 * After an update a page and its scripts must come from one release, and nobody says that a name's bytes stay the
 * same: so everything is asked for again, and the entity tag makes that a 304.
 */
const defaultCacheControl = "no-cache";

/** Fields that say what the bytes are or how they travel: only emend knows that. */
const ownFields: ReadonlySet<string> = new Set([
  "accept-ranges",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "date",
  "etag",
  "keep-alive",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

type Rule = { readonly glob: Bun.Glob; readonly fields: Headers };

/** Gives the fields that a site wants on the answer with the file `name`. `add` are on every answer. */
export type HeaderRules = (name: string) => Headers;

/** Compiles and checks the two tables. Throws `site.config` for a field that no site may set. */
export function compileHeaderRules(
  config: Pick<AssetsConfig, "cache" | "headers">,
  add: Readonly<Record<string, string>>,
): HeaderRules {
  const rules = [
    ...Object.entries(config.cache).map(([glob, value]) =>
      compileRule("cache", glob, { "cache-control": value }),
    ),
    ...Object.entries(config.headers).map(([glob, fields]) => compileRule("headers", glob, fields)),
  ];
  return (name) => {
    const headers = new Headers({
      "cache-control": defaultCacheControl,
      "x-content-type-options": "nosniff",
    });
    for (const { glob, fields } of rules) {
      if (glob.match(name)) fields.forEach((value, field) => void headers.set(field, value));
    }
    for (const [field, value] of Object.entries(add)) headers.set(field, value);
    return headers;
  };
}

function compileRule(table: string, glob: string, fields: Readonly<Record<string, string>>): Rule {
  const where = `site.toml: assets.${table}.${JSON.stringify(glob)}`;
  const checked = new Headers();
  for (const [field, value] of Object.entries(fields)) {
    if (ownFields.has(field.toLowerCase())) {
      throw new EmendError("site.config", `${where}: expected a field that a site may set, found ${field}`);
    }
    try {
      checked.set(field, value);
    } catch {
      const found = JSON.stringify({ [field]: value });
      throw new EmendError("site.config", `${where}: expected a valid header field, found ${found}`);
    }
  }
  return { glob: new Bun.Glob(glob.replace(/^\//, "")), fields: checked };
}
