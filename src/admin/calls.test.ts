/** Every call of the API by everybody: who may make it, what it answers, and what it may be refused with. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type GenericSchema, parse } from "valibot";
import type { ErrorCode } from "../errors.ts";
import { adminEndpoints } from "./admin-api.ts";
import { refusalAnswerSchema, statusOf } from "./answer-refusal.ts";
import { auditSchema } from "./audit.ts";
import {
  bearer,
  blobSha256,
  canary,
  type FakeListener,
  listenFake,
  newRelease,
  oldRelease,
  type TokenName,
  tokens,
} from "./control-fixture.ts";
import { releaseFilesSchema, releaseHistorySchema } from "./releases.ts";
import { reloadResultSchema } from "./reload.ts";
import { canaryStatusSchema } from "./site-update-status.ts";
import { nodeStatusSchema } from "./status.ts";
import { updateResultSchema } from "./update-result.ts";
import { floorStatusSchema } from "./verdicts.ts";

let listener: FakeListener;
beforeAll(() => {
  listener = listenFake();
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
});
beforeEach(() => {
  listener.node.asked.length = 0;
  listener.node.fail = undefined;
  listener.node.reads = "all";
  listener.reported.length = 0;
});

interface CallCase {
  readonly call: string;
  readonly body?: string;
  /** The least role of a token for the whole node. */
  readonly role: "read" | "publish" | "operator";
  /** Whether a token of the site may make it as well. */
  readonly ofSite: boolean;
  readonly schema?: GenericSchema;
}

const calls: readonly CallCase[] = [
  { call: "GET /v1/status", role: "read", ofSite: true, schema: nodeStatusSchema },
  { call: "GET /v1/sites/blog/releases", role: "read", ofSite: true, schema: releaseHistorySchema },
  {
    call: `GET /v1/sites/blog/releases/${oldRelease}`,
    role: "read",
    ofSite: true,
    schema: releaseFilesSchema,
  },
  { call: `GET /v1/sites/blog/blobs/${blobSha256}`, role: "read", ofSite: true },
  {
    call: "POST /v1/sites/blog/patches",
    body: "patch",
    role: "publish",
    ofSite: true,
    schema: updateResultSchema,
  },
  {
    call: "POST /v1/sites/blog/patches?canary=5",
    body: "patch",
    role: "publish",
    ofSite: true,
    schema: updateResultSchema,
  },
  {
    call: "POST /v1/sites/blog/patches?insist=1",
    body: "patch",
    role: "operator",
    ofSite: true,
    schema: updateResultSchema,
  },
  { call: "POST /v1/sites/blog/rollback", role: "publish", ofSite: true, schema: updateResultSchema },
  {
    call: "POST /v1/sites/blog/rollback",
    body: '{"insist":true}',
    role: "operator",
    ofSite: true,
    schema: updateResultSchema,
  },
  { call: "POST /v1/sites/blog/canary/promote", role: "publish", ofSite: true, schema: canaryStatusSchema },
  { call: "POST /v1/sites/blog/canary/abort", role: "publish", ofSite: true, schema: canaryStatusSchema },
  {
    call: "POST /v1/sites/blog/floor",
    body: '{"to":3}',
    role: "operator",
    ofSite: true,
    schema: floorStatusSchema,
  },
  { call: "GET /v1/events?site=blog", role: "read", ofSite: true },
  { call: "GET /v1/events", role: "read", ofSite: true },
  { call: "GET /v1/audit", role: "read", ofSite: true, schema: auditSchema },
  { call: "GET /v1/audit?site=blog&limit=5", role: "read", ofSite: true, schema: auditSchema },
  {
    call: "POST /_reload",
    body: '{"module":"a.wasm"}',
    role: "operator",
    ofSite: false,
    schema: reloadResultSchema,
  },
  { call: "GET /metrics", role: "read", ofSite: true },
  { call: "GET /openapi.json", role: "read", ofSite: true },
];

async function send(call: string, headers: Record<string, string>, body?: string): Promise<Response> {
  const [method = "", path = ""] = call.split(" ");
  const leave = new AbortController();
  const response = await fetch(listener.base + path, {
    ...{ method, headers, signal: leave.signal },
    ...(body === undefined ? {} : { body }),
  });
  // A stream of events has no end.
  if (response.headers.get("content-type") === "text/event-stream") leave.abort();
  return response;
}

const codeOf = async (response: Response): Promise<string> =>
  parse(refusalAnswerSchema, await response.json()).error.code;

const rank = { read: 0, publish: 1, operator: 2 } as const;
const roleOf: Readonly<Record<TokenName, keyof typeof rank>> = {
  ...{ operator: "operator", reader: "read", publisher: "publish" },
  ...{ "blog-reader": "read", "blog-publisher": "publish", "blog-operator": "operator" },
};

describe("every call", () => {
  test("is in the table", () => {
    const known = calls.map(({ call }) => call.replace(/\?.*/, ""));
    const patterns = adminEndpoints({
      ...{ version: "", control: listener.node, authenticate: () => undefined, hosts: [], patchBytesMax: 0 },
      ...{ ready: () => true, report: () => undefined },
    }).filter(({ reach }) => reach !== "open");
    const matched = (pattern: string): boolean =>
      known.some((call) => new RegExp(`^${pattern.replaceAll(/:\w+/g, "[^/]+")}$`).test(call));
    expect(patterns.filter(({ method, path }) => !matched(`${method} ${path}`))).toEqual([]);
    expect(patterns.length).toBe(14);
  });

  test.each(calls)("$call $body needs a token, and the right one", async ({ call, body }) => {
    for (const headers of [{}, { authorization: "Bearer emend_wrong" }]) {
      const response = await send(call, headers, body);
      expect([response.status, await codeOf(response)]).toEqual([401, "auth.token"]);
    }
    expect(listener.node.asked).toEqual([]);
  });

  test.each(calls)("$call $body is for whoever has the role $role", async ({ call, body, role, ofSite }) => {
    for (const [name, has] of Object.entries(roleOf)) {
      const may = rank[has] >= rank[role] && (ofSite || !name.startsWith("blog-"));
      const response = await send(call, bearer(name as TokenName), body);
      expect([name, response.status]).toEqual([name, may ? 200 : 403]);
      if (!may) expect(await codeOf(response)).toBe("auth.role");
      else if (!call.includes("/events")) await response.bytes();
    }
  });

  const ofSites = calls.filter(({ call }) => call.includes("blog"));
  test.each(ofSites)(
    "$call $body is refused to the token of another site, whether there is that one or not",
    async ({ call, body }) => {
      for (const site of ["shop", "nowhere"]) {
        const response = await send(call.replaceAll("blog", site), bearer("blog-operator"), body);
        expect([response.status, await codeOf(response)]).toEqual([403, "auth.role"]);
      }
      expect(listener.node.asked).toEqual([]);
    },
  );

  test.each(ofSites)("$call $body is told of a site that is not there", async ({ call, body }) => {
    const response = await send(call.replaceAll("blog", "nowhere"), bearer("operator"), body);
    expect([response.status, await codeOf(response)]).toEqual([404, "site.unknown"]);
  });

  const documents = calls.filter(({ schema }) => schema !== undefined);
  test.each(documents)("$call $body answers in the form of its schema", async ({ call, body, schema }) => {
    for (const name of ["operator", "blog-operator"] as const) {
      if (name === "blog-operator" && call.includes("_reload")) continue;
      const answer = await (await send(call, bearer(name), body)).json();
      expect(parse(schema!, answer)).toEqual(answer);
    }
  });

  test.each(calls)(
    "$call $body takes no parameter that it does not know, and none twice",
    async ({ call, body }) => {
      const join = call.includes("?") ? "&" : "?";
      for (const extra of ["dryrun=1", "Site=blog", "__proto__=1", "constructor=1", "limit=1&limit=1"]) {
        const response = await send(`${call}${join}${extra}`, bearer("operator"), body);
        expect([response.status, await codeOf(response)]).toEqual([400, "request.malformed"]);
      }
      expect(listener.node.asked).toEqual([]);
    },
  );
});

describe("a token of one site", () => {
  test("sees nothing of another in the status, nor what both have a part in", async () => {
    const status = parse(
      nodeStatusSchema,
      await (await send("GET /v1/status", bearer("blog-reader"))).json(),
    );
    expect(status.sites.map(({ site }) => site)).toEqual(["blog"]);
    expect([status.memory, status.lanes]).toEqual([null, []]);
  });

  test("sees nothing of another in the audit", async () => {
    const seen = async (name: TokenName, query = ""): Promise<unknown[]> => {
      const response = await send(`GET /v1/audit${query}`, bearer(name));
      return parse(auditSchema, await response.json()).entries.map(({ site }) => site);
    };
    expect(await seen("reader")).toEqual(["shop", "blog", null]);
    expect(await seen("reader", "?site=shop")).toEqual(["shop"]);
    expect(await seen("reader", "?limit=2")).toEqual(["shop", "blog"]);
    expect(await seen("blog-reader")).toEqual(["blog"]);
  });
});

describe("what calls hand on", () => {
  const handed: readonly [call: string, body: string | undefined, asked: unknown[]][] = [
    [
      "POST /v1/sites/blog/patches",
      "patch",
      ["apply", "blog", 5, 5, { dryRun: false, canaryPercent: null, insist: false, actor: "operator" }],
    ],
    [
      "POST /v1/sites/blog/patches?dry-run=1",
      "",
      ["apply", "blog", 0, 0, { dryRun: true, canaryPercent: null, insist: false, actor: "operator" }],
    ],
    [
      "POST /v1/sites/blog/patches?canary=0.5&dry-run=0",
      "p",
      ["apply", "blog", 1, 1, { dryRun: false, canaryPercent: 0.5, insist: false, actor: "operator" }],
    ],
    [
      "POST /v1/sites/blog/patches?canary&insist=1",
      "p",
      ["apply", "blog", 1, 1, { dryRun: false, canaryPercent: "default", insist: true, actor: "operator" }],
    ],
    [
      "POST /v1/sites/shop/rollback",
      undefined,
      ["rollback", "shop", { release: null, insist: false, actor: "operator" }],
    ],
    [
      "POST /v1/sites/shop/rollback",
      `{"release":"${newRelease}","insist":true}`,
      ["rollback", "shop", { release: newRelease, insist: true, actor: "operator" }],
    ],
    ["POST /v1/sites/shop/canary/promote", undefined, ["promote", "shop", { actor: "operator" }]],
    ["POST /v1/sites/shop/canary/abort", " ", ["abort", "shop", { actor: "operator" }]],
    ["POST /v1/sites/shop/floor", '{"to":0}', ["floor", "shop", 0, { actor: "operator" }]],
    ["POST /_reload", '{"module":"a.wasm"}', ["reload", "a.wasm", { actor: "operator" }]],
    ["POST /_reload", undefined, ["reload", null, { actor: "operator" }]],
  ];
  test.each(handed)("%s %s", async (call, body, asked) => {
    expect((await send(call, bearer("operator"), body)).status).toBe(200);
    expect(listener.node.asked).toEqual([asked]);
  });

  test("the actor is the name of the token", async () => {
    await send("POST /v1/sites/blog/canary/abort", bearer("blog-publisher"));
    expect(listener.node.asked).toEqual([["abort", "blog", { actor: "blog-publisher" }]]);
  });

  test("a chunked upload has no announced length", async () => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(10));
        controller.close();
      },
    });
    await fetch(`${listener.base}/v1/sites/blog/patches`, {
      method: "POST",
      headers: bearer("operator"),
      body,
    });
    expect(listener.node.asked[0]?.slice(0, 4)).toEqual(["apply", "blog", null, 10]);
  });

  test("a blob is bytes to keep, whatever its type was", async () => {
    const response = await send(`GET /v1/sites/blog/blobs/${blobSha256}`, bearer("reader"));
    expect(await response.text()).toBe("blob");
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-disposition")).toBe("attachment");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("bad input", () => {
  const refused: readonly [call: string, body: string | undefined, status: number, code: ErrorCode][] = [
    ["POST /v1/sites/blog/patches?dry-run=yes", "p", 400, "request.malformed"],
    ["POST /v1/sites/blog/patches?dry-run=", "p", 400, "request.malformed"],
    ...["0", "0.05", "100", "-5", "5%25", "1e1", "NaN", "0x10", "5&canary=6", "%205"].map(
      (percent): [string, string, number, ErrorCode] => [
        `POST /v1/sites/blog/patches?canary=${percent}`,
        "p",
        400,
        "request.malformed",
      ],
    ),
    ...[
      "{",
      "[]",
      "null",
      "1",
      '"x"',
      '{"release":1}',
      '{"release":"sha256:ab"}',
      '{"Release":null}',
      '{"insist":1}',
      '{"__proto__":{}}',
      "\ufeff{}x",
      "\0",
    ].map((body): [string, string, number, ErrorCode] => [
      "POST /v1/sites/blog/rollback",
      body,
      400,
      "request.malformed",
    ]),
    ...["{}", '{"to":-1}', '{"to":1.5}', '{"to":"1"}', '{"to":9007199254740992}', '{"to":1e999}'].map(
      (body): [string, string, number, ErrorCode] => [
        "POST /v1/sites/blog/floor",
        body,
        400,
        "request.malformed",
      ],
    ),
    ["POST /v1/sites/blog/canary/abort", '{"x":1}', 400, "request.malformed"],
    ["POST /_reload", '{"module":""}', 400, "request.malformed"],
    ["POST /v1/sites/blog/rollback", `{"release":"${"x".repeat(5000)}"}`, 413, "request.too-large"],
    ["POST /v1/sites/blog/patches", "x".repeat(100_001), 413, "patch.too-large"],
    ["GET /v1/audit?limit=0", undefined, 400, "request.malformed"],
    ["GET /v1/audit?limit=1001", undefined, 400, "request.malformed"],
    ["GET /v1/audit?limit=-1", undefined, 400, "request.malformed"],
    ["GET /v1/sites/blog/releases/latest", undefined, 400, "request.malformed"],
    [`GET /v1/sites/blog/releases/${oldRelease.toUpperCase()}`, undefined, 400, "request.malformed"],
    [`GET /v1/sites/blog/releases/${newRelease}`, undefined, 409, "release.unknown"],
    ["GET /v1/sites/blog/blobs/..%2f..%2fetc%2fpasswd", undefined, 400, "request.malformed"],
    [`GET /v1/sites/blog/blobs/${"00".repeat(32)}`, undefined, 409, "release.unknown"],
    ["GET /v1/sites/bl%6fg%00/releases", undefined, 404, "site.unknown"],
    ["GET /v1/sites/constructor/releases", undefined, 404, "site.unknown"],
    ["GET /v1/sites/blog/patches", undefined, 405, "request.method"],
    ["DELETE /v1/sites/blog/releases", undefined, 405, "request.method"],
    ["GET /_reload", undefined, 405, "request.method"],
    ["POST /v1/sites/blog/canary/", "{}", 404, "request.path"],
    ["POST /v1/sites//rollback", "{}", 404, "request.path"],
  ];
  test.each(refused)("%s %.60s gets %p %p", async (call, body, status, code) => {
    const response = await send(call, bearer("operator"), body);
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
    expect(listener.node.asked).toEqual([]);
    expect(listener.reported).toEqual([]);
  });

  test("what was sent is not sent back", async () => {
    const response = await send(
      "POST /v1/sites/blog/rollback",
      bearer("operator"),
      '{"<script>":"<script>"}',
    );
    const { message } = parse(refusalAnswerSchema, await response.json()).error;
    expect(message.length).toBeLessThan(300);
    expect(response.headers.get("content-type")).toContain("application/json");
  });
});

describe("refusals", () => {
  test.each(Object.entries(statusOf))("%s is answered with %p", async (code, status) => {
    listener.node.fail = code as ErrorCode;
    const response = await send("POST /v1/sites/blog/patches", bearer("operator"), "patch");
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
    expect(listener.reported).toEqual([]);
  });

  const table: readonly [status: number, codes: string][] = [
    [
      422,
      "patch.truncated patch.format patch.path patch.hash delta.format delta.truncated delta.bounds delta.bomb delta.source-hash delta.result-hash module.invalid module.import module.limit site.config probe.failed release.bad",
    ],
    [
      403,
      "patch.signature patch.unknown-key patch.threshold patch.wrong-site patch.wrong-recipient patch.expired patch.replayed patch.sequence auth.role",
    ],
    [409, "patch.wrong-base release.unknown canary.none busy"],
    [413, "patch.too-large"],
    [507, "store.full store.failed"],
    [401, "auth.token"],
  ];
  test.each(table)("have the status %p that release-and-patch gives them", (status, codes) => {
    for (const code of codes.split(" "))
      expect([code, Number(statusOf[code as ErrorCode])]).toEqual([code, status]);
  });

  test("failures of our own are reported and tell nothing, codes of the command line too", async () => {
    for (const fail of [new TypeError("x is undefined"), "confine" as const]) {
      listener.node.fail = fail;
      const response = await send("POST /v1/sites/blog/patches", bearer("operator"), "patch");
      expect([response.status, await codeOf(response)]).toEqual([500, "internal"]);
    }
    expect(listener.reported).toHaveLength(2);
  });
});

describe("uploads", () => {
  /** Sends a head and the first bytes of a body that never ends, and gives what comes back. */
  async function begin(path: string, headers: readonly string[]): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      ...{ hostname: "127.0.0.1", port: listener.port },
      socket: {
        open: (open) => {
          open.write([`POST ${path} HTTP/1.1`, "Host: localhost", ...headers, "", "some"].join("\r\n"));
        },
        data: (_socket, bytes) => resolve(bytes.toString()),
        close: () => resolve("closed"),
      },
    });
    const answer = await Promise.race([promise, Bun.sleep(3000).then(() => "nothing")]);
    socket.end();
    return answer;
  }
  const authorized = (name: TokenName): string => `Authorization: Bearer ${tokens[name]}`;

  const early: readonly [name: string, path: string, headers: string[], status: number, code: string][] = [
    ["no token", "/v1/sites/blog/patches", ["Content-Length: 50"], 401, "auth.token"],
    [
      "a lesser role",
      "/v1/sites/blog/patches",
      ["Content-Length: 50", authorized("reader")],
      403,
      "auth.role",
    ],
    [
      "another site",
      "/v1/sites/shop/patches",
      ["Content-Length: 50", authorized("blog-publisher")],
      403,
      "auth.role",
    ],
    [
      "no such site",
      "/v1/sites/nowhere/patches",
      ["Content-Length: 50", authorized("operator")],
      404,
      "site.unknown",
    ],
    [
      "too long",
      "/v1/sites/blog/patches",
      ["Content-Length: 100001", authorized("operator")],
      413,
      "patch.too-large",
    ],
    [
      "far too long",
      "/v1/sites/blog/patches",
      ["Content-Length: 9007199254740991", authorized("operator")],
      413,
      "patch.too-large",
    ],
    [
      "an unknown parameter",
      "/v1/sites/blog/patches?x",
      ["Content-Length: 50", authorized("operator")],
      400,
      "request.malformed",
    ],
    ["chunked without a token", "/v1/sites/blog/patches", ["Transfer-Encoding: chunked"], 401, "auth.token"],
  ];
  test.each(early)("%s is refused before the body has come", async (_name, path, headers, status, code) => {
    const answer = await begin(path, headers);
    expect(answer).toStartWith(`HTTP/1.1 ${status} `);
    expect(answer).toContain(`"code":"${code}"`);
    expect(listener.node.asked).toEqual([]);
  });

  test("a refusal of the node goes out while the body is still coming", async () => {
    listener.node.reads = "none";
    listener.node.fail = "patch.signature";
    const answer = await begin("/v1/sites/blog/patches", ["Content-Length: 5000", authorized("operator")]);
    expect(answer).toStartWith("HTTP/1.1 403 ");
    expect(answer).toContain("patch.signature");
  });

  test("a chunked upload is cut at the limit", async () => {
    const piece = new Uint8Array(60_000);
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
    const response = await fetch(`${listener.base}/v1/sites/blog/patches`, {
      ...{ method: "POST", headers: bearer("operator"), body },
    });
    expect([response.status, await codeOf(response)]).toEqual([413, "patch.too-large"]);
    expect(listener.node.asked).toEqual([]);
  });

  test("an upload that a client breaks off is no failure of ours", async () => {
    await begin("/v1/sites/blog/patches", ["Content-Length: 50", authorized("operator")]);
    await Bun.sleep(50);
    expect(listener.node.asked).toEqual([]);
    expect(listener.reported).toEqual([]);
  });
});

test.each([
  ["announced", ["Content-Length: 50", "", "{"]],
  ["chunked", ["Transfer-Encoding: chunked", "", "5", "{"]],
])(
  "a small body, %s, that does not come is waited for no longer than any silent connection",
  async (_name, rest) => {
    const closed = Promise.withResolvers<void>();
    await Bun.connect({
      ...{ hostname: "127.0.0.1", port: listener.port },
      socket: {
        open: (socket) => {
          const head = ["POST /v1/sites/blog/floor HTTP/1.1", "Host: localhost"];
          socket.write([...head, `Authorization: Bearer ${tokens.operator}`, ...rest].join("\r\n"));
        },
        data: () => undefined,
        close: () => closed.resolve(),
      },
    });
    await closed.promise;
    expect(listener.node.asked).toEqual([]);
    expect(listener.reported).toEqual([]);
  },
  12_000,
);

test("the fake canary is of the form that the schema wants", () => {
  expect(parse(canaryStatusSchema, canary)).toEqual(canary);
});
