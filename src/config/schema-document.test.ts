import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkDocument } from "./check-config.ts";
import type { ConfigKind } from "./config-kind.ts";
import { nodeExample, siteExample } from "./contract-example-fixture.ts";
import { nodeSchema } from "./node-config.ts";
import { configCrd, configJsonSchema, type Json, type JsonObject } from "./schema-document.ts";
import { siteSchema } from "./site-config.ts";

const kinds: readonly ConfigKind[] = ["site", "node"];
const schemas = { site: configJsonSchema("site"), node: configJsonSchema("node") };

/** The contract's examples, as far as this version has their keys. */
const examples: Readonly<Record<ConfigKind, string>> = { site: siteExample, node: nodeExample };

describe("configJsonSchema", () => {
  test.each(kinds)("of %s takes the contract's example", (kind) => {
    const document = Bun.TOML.parse(examples[kind]) as JsonObject;
    expect(violations(schemas[kind], document)).toEqual([]);
  });

  test.each([
    ["site", "assets = 1"],
    ["site", "foo = 1"],
    ["site", "[[route]]\npath = '/a'"],
    ["site", "[[route]]\npath = 'a'\nmodule = 'a.wasm'"],
    ["site", "[[route]]\npath = '/a'\nmodule = 'a.wasm'\nidle_ms = 0"],
    ["site", "[[route]]\npath = '/a'\nmodule = 'a.wasm'\nbody_max = '1 MB'"],
    ["site", "[[route]]\npath = '/a'\nmodule = 'a.wasm'\nargv = [1]"],
    ["site", "[[route]]\npath = '/a'\nmodule = 'a.wasm'\nenv = { 'A=B' = 'x' }"],
    ["node", "[server]\nthreads = 2"],
    ["node", "[server]\naddr = 'localhost'"],
    ["node", "[server]\ntls = { cert = 'c' }"],
    ["node", "[[site]]\nname = ''"],
  ] as const)("of %s refuses %j", (kind, toml) => {
    expect(violations(schemas[kind], Bun.TOML.parse(toml) as JsonObject)).not.toEqual([]);
  });

  test.each(kinds)("of %s describes every key, and its defaults are valid", (kind) => {
    for (const { path, schema } of properties(schemas[kind])) {
      expect([path, typeof schema.description]).toEqual([path, "string"]);
      if (schema.default !== undefined)
        expect([path, violations(schema, schema.default)]).toEqual([path, []]);
    }
  });

  test.each(kinds)("of %s refuses nothing that the check takes", (kind) => {
    const schema = kind === "site" ? siteSchema : nodeSchema;
    let taken = 0;
    fc.assert(
      fc.property(documentsLike(Bun.TOML.parse(examples[kind]) as JsonObject), (document) => {
        if (checkDocument<unknown>(schema, document).kind === "invalid") return;
        taken++;
        expect(violations(schemas[kind], document)).toEqual([]);
      }),
      // Unbiased: few mutations a document, or hardly any would be taken.
      { numRuns: 400, unbiased: true },
    );
    expect(taken).toBeGreaterThan(60);
  });
});

describe("configCrd", () => {
  test("names the group, the kinds and their plural", () => {
    const names = {
      kind: "EmendNode",
      listKind: "EmendNodeList",
      plural: "emendnodes",
      singular: "emendnode",
    };
    expect(configCrd("node")).toMatchObject({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "emendnodes.emend.dev" },
      spec: { group: "emend.dev", names, scope: "Namespaced" },
    });
    expect(configCrd("site")).toMatchObject({
      metadata: { name: "emendsites.emend.dev" },
      spec: { names: { kind: "EmendSite" } },
    });
  });

  test.each(kinds)("of %s is structural", (kind) => {
    const root = openApiOf(kind);
    expect(unstructured(root)).toEqual([]);
    expect(properties(root).length).toBeGreaterThan(properties(schemas[kind]).length);
  });

  test.each(kinds)("of %s takes a resource whose spec is the contract's example", (kind) => {
    const spec = Bun.TOML.parse(examples[kind]) as JsonObject;
    const resource = { apiVersion: "emend.dev/v1alpha1", kind: "any", metadata: { name: "a" }, spec };
    expect(violations(openApiOf(kind), resource)).toEqual([]);
    expect(violations(openApiOf(kind), { ...resource, spec: 1 })).not.toEqual([]);
  });
});

function openApiOf(kind: ConfigKind): JsonObject {
  const { versions } = (
    configCrd(kind) as unknown as { spec: { versions: { schema: { openAPIV3Schema: JsonObject } }[] } }
  ).spec;
  return versions[0]!.schema.openAPIV3Schema;
}

/** Every key below a schema, with the schema of its value. */
function properties(schema: JsonObject, path = ""): { readonly path: string; readonly schema: JsonObject }[] {
  const own = Object.entries((schema.properties ?? {}) as Record<string, JsonObject>);
  const below = own.flatMap(([key, value]) => [
    { path: `${path}.${key}`, schema: value },
    ...properties(value, `${path}.${key}`),
  ]);
  return schema.items === undefined
    ? below
    : [...below, ...properties(schema.items as JsonObject, `${path}[]`)];
}

/** The rules of Kubernetes for structural schemas, and the keywords that its JSONSchemaProps has. */
function unstructured(schema: JsonObject, path = ""): string[] {
  const keywords = [
    ...[
      "type",
      "description",
      "default",
      "pattern",
      "enum",
      "minimum",
      "maximum",
      "minItems",
      "properties",
      "required",
    ],
    ...[
      "items",
      "additionalProperties",
      "x-kubernetes-int-or-string",
      "x-kubernetes-preserve-unknown-fields",
    ],
  ];
  const faults = Object.keys(schema)
    .filter((key) => !keywords.includes(key))
    .map((key) => `${path}: ${key}`);
  const isOpen =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if ((typeof schema.type === "string") === isOpen) faults.push(`${path}: type`);
  if (schema.properties !== undefined && schema.additionalProperties !== undefined)
    faults.push(`${path}: both`);
  if (typeof schema.additionalProperties === "boolean") faults.push(`${path}: additionalProperties`);
  // RE2 has no look-around and no back-reference.
  if (typeof schema.pattern === "string" && /\(\?|\\[1-9]/.test(schema.pattern))
    faults.push(`${path}: pattern`);
  const inner: [string, Json | undefined][] = Object.entries((schema.properties ?? {}) as JsonObject);
  inner.push(["items", schema.items], ["additionalProperties", schema.additionalProperties]);
  return [
    ...faults,
    ...inner.flatMap(([key, value]) =>
      value === undefined ? [] : unstructured(value as JsonObject, `${path}.${key}`),
    ),
  ];
}

/** Where a value breaks a schema: JSON Schema draft 7, as far as ours use it; another keyword throws. */
function violations(schema: JsonObject, value: Json, path = "$"): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    const check = checks[keyword];
    if (check === undefined) throw new Error(`${path}: a keyword that this test does not know: ${keyword}`);
    return check(rule, value, path, schema).map((fault) => (fault === "" ? `${path}: ${keyword}` : fault));
  });
}

type Check = (rule: Json, value: Json, path: string, schema: JsonObject) => string[];
const none: Check = () => [];
const holds = (verdict: boolean): string[] => (verdict ? [] : [""]);
const checks: Readonly<
  Record<string, (rule: Json, value: Json, path: string, schema: JsonObject) => string[]>
> = {
  $schema: none,
  title: none,
  description: none,
  default: none,
  "x-kubernetes-preserve-unknown-fields": none,
  "x-kubernetes-int-or-string": (_, value) => holds(typeof value === "string" || Number.isInteger(value)),
  type: (rule, value) => holds(rule === "integer" ? Number.isInteger(value) : rule === typeOf(value)),
  const: (rule, value) => holds(rule === value),
  enum: (rule, value) => holds((rule as Json[]).includes(value)),
  pattern: (rule, value) => holds(typeof value !== "string" || new RegExp(rule as string).test(value)),
  minimum: (rule, value) => holds(typeof value !== "number" || value >= (rule as number)),
  maximum: (rule, value) => holds(typeof value !== "number" || value <= (rule as number)),
  minItems: (rule, value) => holds(!Array.isArray(value) || value.length >= (rule as number)),
  anyOf: (rule, value, path) =>
    holds((rule as JsonObject[]).some((part) => violations(part, value, path).length === 0)),
  required: (rule, value) =>
    holds(!isTable(value) || (rule as string[]).every((key) => Object.hasOwn(value, key))),
  items: (rule, value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => violations(rule as JsonObject, item, `${path}[${index}]`))
      : [],
  properties: (rule, value, path) =>
    Object.entries(rule as Record<string, JsonObject>).flatMap(([key, part]) =>
      isTable(value) && Object.hasOwn(value, key) ? violations(part, value[key]!, `${path}.${key}`) : [],
    ),
  propertyNames: (rule, value, path) =>
    isTable(value)
      ? Object.keys(value).flatMap((key) => violations(rule as JsonObject, key, `${path}.${key}`))
      : [],
  additionalProperties: (rule, value, path, { properties = {} }) =>
    Object.entries(isTable(value) ? value : {})
      .filter(([key]) => !Object.hasOwn(properties as JsonObject, key))
      .flatMap(([key, item]) =>
        rule === false ? [`${path}.${key}: unknown`] : violations(rule as JsonObject, item, `${path}.${key}`),
      ),
};

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function isTable(value: Json): value is JsonObject {
  return typeOf(value) === "object";
}

/** Documents of the shape of an example, in which any value may be left out or be another. */
function documentsLike(example: Json): fc.Arbitrary<JsonObject> {
  return mutant(example) as fc.Arbitrary<JsonObject>;
}

function mutant(value: Json): fc.Arbitrary<Json> {
  const odd = fc.constantFrom<Json>(
    "",
    "/",
    "/a",
    "a.wasm",
    "off",
    ":0",
    "GET",
    "1 KiB",
    "x",
    0,
    1,
    2.5,
    true,
    [],
    ["*"],
    {},
    { a: "b" },
  );
  const keep = (same: fc.Arbitrary<Json>) =>
    fc.oneof({ arbitrary: same, weight: 30 }, { arbitrary: odd, weight: 1 });
  if (Array.isArray(value))
    return value.length === 0 ? keep(fc.constant(value)) : keep(fc.tuple(...value.map(mutant)));
  if (!isTable(value)) return keep(fc.constant(value));
  const entries = Object.entries(value).map(([key, inner]) => [key, mutant(inner)] as const);
  const needed = ["path", "module"].filter((key) => Object.hasOwn(value, key));
  const shape: Record<string, fc.Arbitrary<Json>> = Object.fromEntries(entries);
  return keep(
    fc.record<Record<string, Json>, string>(shape, { requiredKeys: needed, noNullPrototype: true }),
  );
}
