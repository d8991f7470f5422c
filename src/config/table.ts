/**
 * A table of a configuration file as a valibot schema. Unlike valibot's objects it takes TOML tables only (a
 * list or a date is an object in JavaScript too), and it reports every unknown key, not the first one, with the
 * known key that was probably meant. Messages of schemas are what was *expected*; issue.ts makes the sentences.
 */
import * as v from "valibot";
import { nearestWord } from "./nearest-word.ts";

/**
 * A table with these keys and no others. `later` are the keys that emend documents and this version does not
 * have yet: they are refused as such, so that nobody looks for a typing error.
 */
export function table<const Entries extends v.ObjectEntries>(
  description: string,
  entries: Entries,
  later: readonly string[] = [],
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<Entries, undefined>>> {
  return v.pipe(
    tablesOnly(v.looseObject(entries, "a table")),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!isTable(dataset.value)) return;
      const input = dataset.value;
      for (const key of Object.keys(input)) {
        if (Object.hasOwn(entries, key)) continue;
        const value = input[key];
        const message = refuseKey(key, Object.keys(entries), later);
        addIssue({ message, path: [{ type: "object", origin: "key", input, key, value }] });
      }
    }),
    v.metadata({ description, additionalProperties: false }),
  );
}

/** A table whose keys the author chooses: names or globs to values. */
export function dictionary<Value>(
  key: v.GenericSchema<string>,
  value: v.GenericSchema<Value>,
): v.GenericSchema<Readonly<Record<string, Value>>> {
  return tablesOnly(v.record(key, value, "a table"));
}

/** Whether a value is a TOML table, and not a list, a date or a time. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The same schema, which refuses whatever is not a table before it looks at the keys. */
function tablesOnly<const Schema extends v.GenericSchema>(schema: Schema): Schema {
  const refuse = v.never("a table");
  return {
    ...schema,
    "~run": (dataset, config) => (isTable(dataset.value) ? schema : refuse)["~run"](dataset, config),
  };
}

function refuseKey(key: string, known: readonly string[], later: readonly string[]): string {
  if (later.includes(key))
    return "expected a key of this version of emend, got one that it does not support yet";
  const nearest = nearestWord(key, [...known, ...later]);
  if (nearest === undefined) return `expected one of ${known.join(", ")}, got an unknown key`;
  return `expected a known key, got an unknown one; did you mean "${nearest}"?`;
}
