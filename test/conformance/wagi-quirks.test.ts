/**
 * What becomes of odd CGI output: every mode of the kit's c-quirks, byte for byte on the wire, and heads that
 * no guest of the kit writes, posted to one that writes whatever it reads.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { headerFieldsMax } from "../../src/http/wagi/response-head.ts";
import { localRedirectsMax, responseHeadBytesMax } from "../../src/limits.ts";
import { kitCases, kitGuest, ownGuest } from "../support/guests.ts";
import { RawConnection, type RawResponse, rawRequest, valuesOf } from "../support/raw-connection.ts";
import { patientBreaker, serveSite } from "../support/serve-sites.ts";

const site = await serveSite({
  files: {
    "quirks.wasm": kitGuest("c-quirks"),
    "cat.wasm": await ownGuest("cat"),
    "env.wasm": await ownGuest("headers-dump"),
    "hops.wasm": await ownGuest("hops"),
  },
  toml: [
    ["/quirks/*", "quirks"],
    ["/cat", "cat"],
    ["/other/*", "env"],
    ["/hops", "hops"],
  ]
    .map(([path, module]) => `[[route]]\npath = "${path}"\nmodule = "${module}.wasm"\n${patientBreaker}`)
    .join(""),
});
afterAll(() => site.stop());

/** What was logged of the only request with this path. */
async function reasonOf(path: string): Promise<unknown> {
  return (await site.record((record) => record.event === "request" && record.path === path)).reason;
}

function essence(response: RawResponse | undefined): unknown {
  if (response === undefined) return undefined;
  const { status, body, complete } = response;
  const fields = response.fields.filter(([name]) => !["x-emend-release", "cache-control"].includes(name));
  return { status, fields: fields.map((field) => field.join(": ")), body: body.toString("latin1"), complete };
}

const badGateway = {
  status: 502,
  fields: ["content-type: text/plain; charset=utf-8", "content-length: 16"],
  body: "502 Bad Gateway\n",
  complete: true,
};
const refused = (reason: string): Row => ({ answer: badGateway, reason });
const answered = (status: number, fields: readonly string[], body: string, reason?: string): Row => ({
  answer: { status, fields, body, complete: true },
  reason,
});

interface Row {
  readonly answer: unknown;
  readonly reason: string | undefined;
}

const text = "content-type: text/plain";
const broke = (how: string): Row => refused(`the guest broke the protocol: ${how}`);
const control = (name: string): Row => broke(`the value of "${name}" has control characters`);

const rows: Readonly<Record<string, Row>> = {
  empty: refused("the guest wrote no complete header block"),
  noblank: refused("the guest wrote no complete header block"),
  nocolon: broke('a header line has no colon: "this is not a header"'),
  badstatus: broke('its status is "abc" (200 to 599 is allowed)'),
  status99: broke('its status is "99 Low" (200 to 599 is allowed)'),
  crlf: answered(200, [text, "x-a: 1", "content-length: 6"], "crlf\r\n"),
  lf: answered(200, [text, "x-a: 1", "content-length: 3"], "lf\n"),
  mixed: answered(200, [text, "x-a: 1", "content-length: 6"], "mixed\n"),
  redirect: answered(302, ["location: https://example.com/there?x=1", "content-length: 0"], ""),
  continue204: answered(204, [], ""),
  head: answered(200, [text, "content-length: 5"], "12345"),
  nul: control("x-nul"),
  injected: control("x-in"),
  dupct: broke("it wrote two different content types"),
  dupcl: broke("it wrote two different content lengths"),
  "cl-short": answered(
    200,
    [text, "content-length: 3"],
    "abc",
    "the guest promised 3 bytes and wrote 6: cut",
  ),
  "cl-long": {
    answer: { status: 200, fields: [text, "transfer-encoding: chunked"], body: "abcdef", complete: false },
    reason: "the guest promised 100 bytes and wrote 6",
  },
  te: answered(
    200,
    [text, "content-length: 13"],
    "3\r\nabc\r\n0\r\n\r\n",
    "left out: transfer-encoding belongs to the connection",
  ),
  hop: answered(
    200,
    [text, "content-length: 4"],
    "hop\n",
    ["connection", "keep-alive", "x-foo", "upgrade"]
      .map((name) => `left out: ${name} belongs to the connection`)
      .join("; "),
  ),
  huge: broke(`its header block is over ${responseHeadBytesMax} bytes`),
  many: broke(`it wrote 5001 header fields (at most ${headerFieldsMax})`),
  latin1: answered(200, [text, "x-l: caf\xe9", "content-length: 7"], "latin1\n"),
  utf8: answered(200, [`${text}; charset=utf-8`, "x-u: caf\xc3\xa9", "content-length: 8"], "utf8 \xc3\xa9\n"),
  fold: broke("it folded a header line, which is obsolete"),
  stderr: answered(200, [text, "content-length: 12"], "stderr used\n"),
  close: answered(200, [text, "content-length: 13"], "before close\n"),
};

/** Modes with a test of their own below. */
const apart = ["local", "big-200000"];

describe("c-quirks", () => {
  test("has an answer for every mode of the kit", () => {
    const modes = kitCases().flatMap(({ id }) => /^c-quirks-(.*)$/.exec(id)?.[1] ?? []);
    expect(modes.sort()).toEqual([...Object.keys(rows), ...apart].sort());
  });

  for (const [mode, { answer, reason }] of Object.entries(rows)) {
    test(mode, async () => {
      const path = `/quirks/${mode}`;
      expect(essence(await rawRequest(site.port, `GET ${path}?${mode}`))).toEqual(answer);
      expect(await reasonOf(path)).toBe(reason);
    });
  }

  test("stderr: both lines are in the log, with the route", async () => {
    for (const line of ["line one on stderr", "partial line"]) {
      const said = await site.record((record) => record.event === "guest" && record.text === line);
      expect(said).toMatchObject({ site: "default", route: "/quirks/*" });
    }
  });

  test("local: the answer of that path on this site, asked by the same client", async () => {
    const response = await rawRequest(
      site.port,
      "POST /quirks?local",
      ["X-A: 1", "Content-Length: 3"],
      "abc",
    );
    expect(response?.status).toBe(200);
    const variables = response!.body.toString().split("\n");
    for (const line of [
      "REQUEST_METHOD=GET",
      "SCRIPT_NAME=/other",
      "PATH_INFO=/path",
      "QUERY_STRING=y=2",
      "CONTENT_LENGTH=0",
      "REMOTE_ADDR=127.0.0.1",
      "SERVER_NAME=h.test",
      "HTTP_X_A=1",
    ]) {
      expect(variables).toContain(line);
    }
    expect(variables.join("\n")).not.toContain("HTTP_CONTENT_LENGTH");
    const record = await site.record(({ path }) => path === "/other/path");
    expect(record).toMatchObject({ route: "/other/*", status: 200 });
  });

  test.each([
    ["big=200000", 200_000],
    ["zeros=70000", 70_000],
    ["zeros=60000", 60_000],
  ])("%s: a body over 64 KiB goes out chunked, a shorter one with its length", async (query, bytes) => {
    const response = await rawRequest(site.port, `GET /quirks?${query}`);
    expect([response?.status, response?.complete, response?.body.length]).toEqual([200, true, bytes]);
    const expected = Uint8Array.from({ length: bytes }, (_, i) =>
      query.startsWith("z") ? 0 : 32 + ((i % 65_536) % 95),
    );
    expect(response!.body.equals(expected)).toBe(true);
    const length = valuesOf(response!, "content-length");
    expect([response!.chunked, length]).toEqual(bytes > 65_536 ? [true, []] : [false, [String(bytes)]]);
  });
});

describe("a local redirect", () => {
  test(`is followed ${localRedirectsMax} times`, async () => {
    const answer = await rawRequest(site.port, `GET /hops?n=${localRedirectsMax}`);
    expect(essence(answer)).toMatchObject({ status: 200, body: "arrived\n" });
    expect(essence(await rawRequest(site.port, `GET /hops?n=${localRedirectsMax + 1}`))).toEqual(badGateway);
    expect(await site.record(({ status }) => status === 502)).toBeDefined();
    const record = await site.record(({ path, status }) => path === "/hops" && status === 502);
    expect(record.reason).toBe(`more than ${localRedirectsMax} local redirects`);
  });

  test("leads to what is there, or nowhere", async () => {
    expect((await cat("Location: /nothing\n\n"))?.status).toBe(404);
    expect(essence(await cat("Location: /hops?n=0#fragment\n\n"))).toMatchObject({
      status: 200,
      body: "arrived\n",
    });
  });

  test("never leaves the site", async () => {
    expect((await cat("Location: //evil.test/hops\n\n"))?.status).toBe(404);
    expect((await cat("Location: /../../hops?n=0\n\n"))?.status).toBe(200);
  });

  test("is one only without other fields", async () => {
    const answer = await cat("Location: /hops\nX-A: 1\n\n");
    expect([answer?.status, valuesOf(answer!, "location")]).toEqual([302, ["/hops"]]);
  });
});

/** Has `output` written by a guest; a byte string. */
function cat(output: string, method = "POST"): Promise<RawResponse | undefined> {
  const bytes = Buffer.from(output, "latin1");
  return rawRequest(site.port, `${method} /cat`, [`Content-Length: ${bytes.length}`], bytes);
}

describe("a header block", () => {
  const field = (bytes: number): string => `X-Pad: ${"v".repeat(bytes - 8)}\n`;
  const fields = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: v\n`).join("");
  const cases: readonly [what: string, output: string, status: number, fields?: readonly string[]][] = [
    ["with a status and nothing else", "Status: 200\n\nx", 200, ["content-length: 1"]],
    ["with a status of the server's own", "Status: 101 Switching\n\n", 502],
    ["with a status over 599", "Status: 600 x\n\n", 502],
    ["with a status of four digits", "Status: 2000\n\n", 502],
    ["with two different statuses", "Status: 200\nStatus: 404\n\n", 502],
    ["with neither type, status nor location", "X-A: 1\n\nx", 502],
    ["that is empty", "\n\nx", 502],
    [
      "with a status and a path",
      "Status: 404 No\nLocation: /x\n\n",
      404,
      ["location: /x", "content-length: 0"],
    ],
    [
      "with two equal types",
      `${"Content-Type: a/b\n".repeat(2)}\nx`,
      200,
      ["content-type: a/b", "content-length: 1"],
    ],
    [
      "with two equal places",
      `${"Location: http://a/\n".repeat(2)}\n`,
      302,
      ["location: http://a/", "content-length: 0"],
    ],
    ["with two different places", "Location: http://a/\nLocation: http://b/\n\n", 502],
    [
      "with several cookies",
      "Content-Type: a/b\nSet-Cookie: a=1\nSet-Cookie: b=2\nSet-Cookie: a=1\n\n",
      200,
      ["set-cookie: a=1", "set-cookie: b=2", "set-cookie: a=1", "content-type: a/b", "content-length: 0"],
    ],
    [
      "with names that are none",
      "Content-Type: a/b\nBad Name: 1\n: 2\n\nx",
      200,
      ["content-type: a/b", "content-length: 1"],
    ],
    [
      "with UTF-8 that ends in 0xA0",
      "Status: 200\nX-U: voil\xc3\xa0\n\n",
      200,
      ["x-u: voil\xc3\xa0", "content-length: 0"],
    ],
    ["with blanks around", "Status : 200 OK\nX-A:\t 1 \t\n\n", 200, ["x-a: 1", "content-length: 0"]],
    ["with an escape sequence", "Status: 200\nX-A: \x1b[2J\n\n", 502],
    ["with a delete", "Status: 200\nX-A: \x7f\n\n", 502],
    ["with a negative length", "Status: 200\nContent-Length: -4\n\nbody", 502],
    ["with a length in hexadecimal", "Status: 200\nContent-Length: 0x4\n\nbody", 502],
    ["with a release of its own", "Status: 200\nX-Emend-Release: mine\n\n", 200, ["content-length: 0"]],
    ["of 64 KiB", `Status: 200\n${field(responseHeadBytesMax - 13)}\nx`, 200],
    ["over 64 KiB", `Status: 200\n${field(responseHeadBytesMax)}\nx`, 502],
    ["of 256 fields", `Status: 200\n${fields(headerFieldsMax - 1)}\nx`, 200],
    ["of 257 fields", `Status: 200\n${fields(headerFieldsMax)}\nx`, 502],
    ["of a 204 with a length", "Status: 204 N\nContent-Length: 4\n\nbody", 204, []],
    ["of a 304", 'Status: 304 N\nETag: "x"\n\nbody', 304, ['etag: "x"']],
  ];
  for (const [what, output, status, expected] of cases) {
    test(`${what}: ${status}`, async () => {
      const response = await cat(output);
      expect(response?.status).toBe(status);
      expect(response?.complete).toBe(true);
      if (expected !== undefined) expect(essence(response)).toMatchObject({ fields: expected });
      expect(valuesOf(response!, "x-emend-release")).toEqual([site.lane.status()[0]!.release.slice(7, 19)]);
    });
  }
});

describe("HEAD", () => {
  test.each([
    ["/quirks?crlf", 200, ["content-length: 6"]],
    ["/quirks?head", 200, ["content-length: 5"]],
    ["/quirks?cl-long", 200, ["content-length: 100"]],
    ["/quirks?continue204", 204, []],
    ["/quirks?empty", 502, ["content-length: 16"]],
    ["/nothing", 404, ["content-length: 14"]],
    // As GET, whose length is not known when its head goes out.
    ["/quirks?big=200000", 200, ["transfer-encoding: chunked"]],
  ])("%s has the head of its GET and no body", async (path, status, expected) => {
    const connection = await RawConnection.open(site.port);
    for (let i = 0; i < 2; i++) {
      await connection.send(`HEAD ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      const response = await connection.response("HEAD");
      const lengths = response!.fields.map((field) => field.join(": "));
      expect([response?.status, lengths.filter((line) => /^(content-length|transfer)/.test(line))]).toEqual([
        status,
        expected,
      ]);
    }
    // What was not sent is not in the way of the next answer, nor is a length that HEAD was given.
    await connection.send(`GET /quirks?lf HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect((await connection.response())?.body.toString()).toBe("lf\n");
    connection.abandon();
  });

  test("is the guest's method", async () => {
    const head = await rawRequest(site.port, "HEAD /other");
    const get = await rawRequest(site.port, "GET /other");
    expect(Number(valuesOf(head!, "content-length")[0])).toBe(
      get!.body.length + "HEAD".length - "GET".length,
    );
  });
});
