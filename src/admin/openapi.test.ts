import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bearer, type FakeListener, listenFake, oldRelease } from "./control-fixture.ts";

/** The part of JSON Schema (2020-12) that the document uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { description: string; content: Readonly<Record<string, { schema: Schema }>> }>
  >;
}

interface OpenApi {
  readonly openapi: string;
  readonly security: readonly unknown[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

let listener: FakeListener;
let document: OpenApi;
beforeAll(async () => {
  listener = listenFake();
  document = (await call("GET /openapi.json")) as OpenApi;
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
});

async function call(line: string, body?: string): Promise<unknown> {
  const [method = "", path = ""] = line.split(" ");
  const init = { method, headers: bearer("operator"), ...(body === undefined ? {} : { body }) };
  return (await fetch(listener.base + path, init)).json();
}

const keywords: readonly string[] = [
  ...["$ref", "type", "properties", "required", "additionalProperties", "items", "enum", "const"],
  ...["anyOf", "oneOf", "pattern", "minimum", "maximum", "format"],
];

/** What a value has that its schema does not allow. A keyword that this does not know is an objection as well. */
function objections(schema: Schema, value: unknown, at = "$"): string[] {
  const unknown = Object.keys(schema).filter((key) => !keywords.includes(key));
  if (unknown.length > 0) return unknown.map((key) => `${at}: keyword ${key}`);
  if (schema.$ref !== undefined) return objections(referred(schema.$ref), value, at);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) {
    const fits = options.some((one) => objections(one, value, at).length === 0);
    return fits ? [] : [`${at}: none of anyOf`];
  }
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const isInteger = schema.type === "integer" && Number.isInteger(value);
  if (schema.type !== undefined && schema.type !== type && !isInteger)
    return [`${at}: ${type}, expected ${schema.type}`];
  if (Array.isArray(value))
    return value.flatMap((item, index) => objections(schema.items ?? {}, item, `${at}[${index}]`));
  if (typeof value === "object" && value !== null) return objectObjections(schema, value, at);
  return scalarObjections(schema, value, at);
}

function referred(ref: string): Schema {
  const schema = document.components.schemas[ref.replace("#/components/schemas/", "")];
  if (schema === undefined) throw new Error(`${ref} leads nowhere`);
  return schema;
}

function objectObjections(schema: Schema, value: object, at: string): string[] {
  const missing = (schema.required ?? []).filter((key) => !(key in value));
  return [
    ...missing.map((key) => `${at}.${key}: missing`),
    ...Object.entries(value).flatMap(([key, item]) => {
      const property = schema.properties?.[key];
      if (property !== undefined) return objections(property, item, `${at}.${key}`);
      return schema.additionalProperties === false ? [`${at}.${key}: unknown`] : [];
    }),
  ];
}

function scalarObjections(schema: Schema, value: unknown, at: string): string[] {
  const { pattern, minimum = -Infinity, maximum = Infinity } = schema;
  const broken = [
    schema.enum?.includes(value) === false && "enum",
    "const" in schema && schema.const !== value && "const",
    typeof value === "string" && pattern !== undefined && !new RegExp(pattern).test(value) && "pattern",
    typeof value === "number" && (value < minimum || value > maximum) && "bounds",
  ];
  return broken.filter((each) => each !== false).map((each) => `${at}: ${each}`);
}

const answerSchema = (path: string, method: string, status = "200"): Schema => {
  const schema = document.paths[path]?.[method]?.responses[status]?.content["application/json"]?.schema;
  if (schema === undefined) throw new Error(`no schema of ${method} ${path} ${status}`);
  return schema;
};

describe("GET /openapi.json", () => {
  test("is OpenAPI 3.1 of every call, with its token and its parameters", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths).sort()).toEqual([
      ...["/_reload", "/healthz", "/metrics", "/openapi.json", "/readyz", "/v1/audit", "/v1/events"],
      ...[
        "/v1/sites/{site}/blobs/{sha256}",
        "/v1/sites/{site}/canary/abort",
        "/v1/sites/{site}/canary/promote",
      ],
      ...["/v1/sites/{site}/floor", "/v1/sites/{site}/patches", "/v1/sites/{site}/releases"],
      ...["/v1/sites/{site}/releases/{digest}", "/v1/sites/{site}/rollback", "/v1/status"],
    ]);
    const patches = document.paths["/v1/sites/{site}/patches"]?.post;
    expect(patches?.parameters.map(({ name, in: where }) => `${where} ${name}`)).toEqual([
      "path site",
      ...["query dry-run", "query canary", "query insist"],
    ]);
    expect(patches?.responses["403"]?.description).toContain("patch.signature");
    expect(document.paths["/healthz"]?.get?.security).toEqual([]);
    expect(document.security).toEqual([{ token: [] }]);
  });

  const answers: readonly [path: string, line: string, body: string | undefined][] = [
    ["/v1/status", "GET /v1/status", undefined],
    ["/v1/sites/{site}/releases", "GET /v1/sites/blog/releases", undefined],
    ["/v1/sites/{site}/releases/{digest}", `GET /v1/sites/blog/releases/${oldRelease}`, undefined],
    ["/v1/sites/{site}/patches", "POST /v1/sites/blog/patches", "x"],
    ["/v1/sites/{site}/patches", "POST /v1/sites/blog/patches?canary=5", "x"],
    ["/v1/sites/{site}/rollback", "POST /v1/sites/blog/rollback", undefined],
    ["/v1/sites/{site}/canary/promote", "POST /v1/sites/blog/canary/promote", undefined],
    ["/v1/sites/{site}/floor", "POST /v1/sites/blog/floor", '{"to":1}'],
    ["/v1/audit", "GET /v1/audit", undefined],
    ["/_reload", "POST /_reload", "{}"],
  ];
  test.each(answers)("the schema of %s fits the answer to %s", async (path, line, body) => {
    const [method = ""] = line.split(" ");
    const schema = answerSchema(path, method.toLowerCase());
    const answer = await call(line, body);
    expect(objections(schema, answer)).toEqual([]);
    // The schema says something: it refuses what has a key too many or one too few.
    expect(objections(schema, { ...(answer as object), extra: 1 })).toEqual(["$.extra: unknown"]);
    expect(objections(schema, {})).not.toEqual([]);
  });

  test("the schema of a refusal fits one", async () => {
    const refusal = await call(`GET /v1/sites/blog/blobs/${"00".repeat(32)}`);
    expect(objections(answerSchema("/v1/sites/{site}/blobs/{sha256}", "get", "409"), refusal)).toEqual([]);
  });

  test("the schema of events fits each of them", () => {
    const event = {
      id: 1,
      at: "2026-11-24T00:00:00.000Z",
      event: "reloaded",
      site: "blog",
      checksum: oldRelease,
      generation: 1,
      actor: "x",
    };
    const schema = referred("#/components/schemas/NodeEvent");
    expect(objections(schema, event)).toEqual([]);
    expect(objections(schema, { ...event, event: "exploded" })).not.toEqual([]);
  });
});
