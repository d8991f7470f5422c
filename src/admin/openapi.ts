/** `GET /openapi.json`: the API as OpenAPI 3.1, made of the list of calls and their schemas. */
import type * as v from "valibot";
import type { ErrorCode } from "../errors.ts";
import { refusalAnswerSchema, statusOf } from "./answer-refusal.ts";
import { type AnswerForm, type Endpoint, endpoint } from "./endpoint.ts";
import { nodeEventSchema } from "./event-schema.ts";
import { noQuery } from "./request-input.ts";

/** JSON, as the document is made of it. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Turns a schema into JSON Schema (2020-12, as OpenAPI 3.1 has it). */
type Converter = (schema: v.GenericSchema) => JsonObject;

/** Of every call but the open ones, whatever it is about. */
const commonCodes: readonly ErrorCode[] = [
  "request.malformed",
  "auth.token",
  "auth.role",
  "auth.host",
  "auth.origin",
  "request.too-large",
];

/** The call that describes the others and itself. */
export function openApiEndpoint(version: string, others: () => readonly Endpoint[]): Endpoint {
  let document: Promise<JsonObject> | undefined;
  return endpoint({
    method: "GET",
    path: "/openapi.json",
    summary: "This document.",
    reach: "own",
    role: "read",
    query: noQuery,
    body: null,
    answer: { mediaType: "application/json", description: "OpenAPI 3.1." },
    codes: [],
    handle: async ({ c }) => {
      document ??= openApiDocument(version, others());
      return c.json(await document);
    },
  });
}

async function openApiDocument(version: string, endpoints: readonly Endpoint[]): Promise<JsonObject> {
  // Loaded when somebody asks: a node is hardly ever asked.
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  const convert: Converter = (schema) => {
    const { $schema, ...rest } = toJsonSchema(schema, {
      target: "draft-2020-12",
      typeMode: "input",
      ignoreActions: ["transform", "safe_integer"],
      errorMode: "throw",
    });
    return JSON.parse(JSON.stringify(rest));
  };
  const paths = Map.groupBy(endpoints, ({ path }) => path.replaceAll(/:(\w+)/g, "{$1}"));
  return {
    openapi: "3.1.0",
    info: { title: "emend admin API", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    security: [{ token: [] }],
    paths: Object.fromEntries(
      [...paths].map(([path, each]) => [
        path,
        Object.fromEntries(each.map((one) => [one.method.toLowerCase(), operation(one, convert)])),
      ]),
    ),
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Refusal: convert(refusalAnswerSchema), NodeEvent: convert(nodeEventSchema) },
    },
  };
}

function operation(call: Endpoint, convert: Converter): JsonObject {
  return {
    summary: call.summary,
    ...(call.reach === "open" ? { security: [] } : { description: `Needs the role ${call.role}.` }),
    parameters: [...pathParameters(call.path), ...queryParameters(call.query, convert)],
    ...requestBody(call, convert),
    responses: { 200: { description: "Done.", content: content(call.answer, convert) }, ...refusals(call) },
  };
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name: name ?? "",
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: v.GenericSchema, convert: Converter): JsonObject[] {
  const { properties, required } = convert(query);
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(properties ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: needed.includes(name),
    schema,
  }));
}

function requestBody({ body }: Endpoint, convert: Converter): JsonObject {
  if (body === null) return {};
  if (body !== "upload")
    return { requestBody: { required: false, content: { "application/json": { schema: convert(body) } } } };
  return { requestBody: { required: true, content: { "application/octet-stream": {} } } };
}

function content(answer: AnswerForm, convert: Converter): JsonObject {
  if ("schema" in answer) return { "application/json": { schema: convert(answer.schema) } };
  return { [answer.mediaType]: {} };
}

/** One answer for each status, which names its codes. */
function refusals({ reach, codes }: Endpoint): JsonObject {
  const possible =
    reach === "open" ? codes : [...commonCodes, ...(reach === "site" ? siteCodes : []), ...codes];
  const byStatus = Map.groupBy(possible, (code) => statusOf[code] ?? 500);
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [
      String(status),
      {
        description: [...new Set(each)].join(", "),
        content: { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } },
      },
    ]),
  );
}

const siteCodes: readonly ErrorCode[] = ["site.unknown"];
