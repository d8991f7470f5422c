/**
 * The schemas of the two files for other tools: JSON Schema (draft 7, which editors of TOML read) and a
 * Kubernetes CustomResourceDefinition whose spec has the form of the file. Both are generated; both describe the
 * form of the file, before defaults and conversions. What they cannot say (rules between keys, most rules of
 * texts) only `emend config check` says.
 */
import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type { ConfigKind } from "./config-kind.ts";
import { nodeSchema } from "./node-config.ts";
import { siteSchema } from "./site-config.ts";

/** JSON, as these documents are made of it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** The JSON Schema of site.toml or emend.toml. */
export function configJsonSchema(kind: ConfigKind): JsonObject {
  const schema = toJsonSchema(kind === "site" ? siteSchema : nodeSchema, {
    target: "draft-07",
    typeMode: "input",
    ignoreActions: ["check", "raw_check", "transform"],
  });
  return { ...asJson(schema), title: kind === "site" ? "site.toml" : "emend.toml" };
}

/** The CRD `EmendSite` or `EmendNode`, group emend.dev; a resource's spec is what the file holds. */
export function configCrd(kind: ConfigKind): JsonObject {
  const { $schema, title, ...spec } = configJsonSchema(kind);
  const kindName = kind === "site" ? "EmendSite" : "EmendNode";
  const singular = kindName.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.emend.dev` },
    spec: {
      group: "emend.dev",
      names: { kind: kindName, listKind: `${kindName}List`, plural: `${singular}s`, singular },
      scope: "Namespaced",
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: `What a ${kind === "site" ? "site.toml" : "emend.toml"} holds.`,
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: structural(spec),
              },
            },
          },
        },
      ],
    },
  };
}

/**
 * A JSON Schema as a structural schema: `additionalProperties: false` is pruning there and not written down,
 * names of properties cannot be limited, a constant is an enumeration of one, and a type is exactly one.
 */
function structural(schema: JsonObject): JsonObject {
  const { propertyNames, const: constant, anyOf, examples, ...rest } = schema;
  const result: Record<string, Json> = { ...rest };
  if (constant !== undefined) Object.assign(result, { type: jsonTypeOf(constant), enum: [constant] });
  if (Array.isArray(anyOf)) Object.assign(result, structuralUnion(anyOf));
  if (isObject(rest.items)) result.items = structural(rest.items);
  if (rest.additionalProperties === false) delete result.additionalProperties;
  if (isObject(rest.additionalProperties))
    result.additionalProperties = structural(rest.additionalProperties);
  if (isObject(rest.properties)) {
    const properties = Object.entries(rest.properties);
    result.properties = Object.fromEntries(
      properties.map(([key, value]) => [key, isObject(value) ? structural(value) : value]),
    );
  }
  if (Array.isArray(rest.required) && rest.required.length === 0) delete result.required;
  return result;
}

/** Kubernetes knows one union, integer or string; any other is left to emend itself. */
function structuralUnion(options: readonly Json[]): JsonObject {
  const types = options.map((option) => (isObject(option) ? option.type : undefined));
  const isIntOrString = types.length === 2 && types.includes("integer") && types.includes("string");
  return isIntOrString
    ? { "x-kubernetes-int-or-string": true }
    : { "x-kubernetes-preserve-unknown-fields": true };
}

function jsonTypeOf(value: Json): string {
  if (typeof value !== "number") return typeof value;
  return Number.isInteger(value) ? "integer" : "number";
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The library's type has optional keys that JSON has no word for; a copy by way of text has none. */
function asJson(schema: JsonSchema): JsonObject {
  return JSON.parse(JSON.stringify(schema));
}
