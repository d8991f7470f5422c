/**
 * Every command of the kit, asked over HTTP. A case gives a guest an environment, arguments and stdin; here
 * a request, and where a request cannot say it the site, leads to the same, and the stdout recorded for the
 * case is what the host has to make a response of.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../../src/bytes/index.ts";
import type { SiteMount } from "../../src/config/index.ts";
import { createScratch } from "../support/executable.ts";
import {
  type ExpectedOutput,
  expectedOutput,
  type KitCase,
  kitCases,
  kitFile,
  kitPath,
  pattern,
} from "../support/guests.ts";
import { RawConnection, type RawResponse } from "../support/raw-connection.ts";
import {
  patientBreaker,
  type ServedSites,
  serveSite,
  siteContent,
  siteGrants,
} from "../support/serve-sites.ts";

/** Why a case is not asked here; undefined when it is. */
function leftOut(each: KitCase): string | undefined {
  if (each.load_error !== undefined) return undefined;
  if (each.guest.startsWith("c-quirks/")) return "its answers differ from its output: wagi-quirks.test.ts";
  if (each.id === "c-kv-09-badkey") return "no request has its path: dot segments are resolved before";
  if (each.reactor !== undefined) return "is no command";
  if (kitFile(each.guest) === undefined) return `${each.guest} is not on this machine`;
  return undefined;
}

/** The kit expects hosts to refuse snapshot 0, and says what its guest prints where one does not. */
const isSnapshot0 = (each: KitCase): boolean => each.id === "bad-unstable";

const cases = kitCases();
const reasons = Map.groupBy(cases, leftOut);
for (const [reason, those] of reasons) {
  if (reason !== undefined)
    console.log(`kit cases left out: ${those.map(({ id }) => id).join(", ")}: ${reason}`);
}
const asked = reasons.get(undefined) ?? [];

const scratch = createScratch();
afterAll(() => scratch[Symbol.dispose]());
const servers = new Map<string, Promise<ServedSites>>();
afterAll(() => Promise.all([...servers.values()].map(async (site) => (await site).stop())));

describe("a guest of the kit answers", () => {
  for (const each of asked.filter(({ load_error }) => load_error === undefined)) {
    test(each.id, async () => {
      const site = await serverFor(each);
      const beganMs = performance.now();
      const response = await ask(site.port, each);
      if (each.deadline_ms !== undefined) await expectEnded(site, response);
      else if (each.stdout_regex === undefined) expectRecorded(each, response);
      else expect(outputOf(response)).toMatch(new RegExp(each.stdout_regex));
      expect(response.complete).toBe(true);
      expect(performance.now() - beganMs).toBeGreaterThan(each.min_ms ?? 0);
      const said = each.stderr_contains;
      if (said !== undefined)
        await site.record(({ event, text }) => event === "guest" && String(text).includes(said));
    });
  }
});

describe("a module of the kit is refused", () => {
  const notWasm = (why: string): string => `guest.wasm: not a WebAssembly module that emend can run: ${why}`;
  const offered = "wasi_snapshot_preview1 and wasi_unstable";
  const refusals: Record<string, readonly [code: string, message: string]> = {
    "bad-env": [
      "module.import",
      `guest.wasm: import "env"."nope" (i32) -> (i32) is unknown; emend offers ${offered}: build the module ` +
        'for WASI (wasm32-wasip1) so that it needs nothing else from its host; import "env"."table" is a table; ' +
        `emend offers functions of ${offered} only; import "env"."g" is a global; ` +
        `emend offers functions of ${offered} only`,
    ],
    "bad-sig": [
      "module.import",
      'guest.wasm: import "wasi_snapshot_preview1"."proc_exit" has the type (i64) -> (); expected (i32) -> ()',
    ],
    "bad-empty": [
      "module.invalid",
      'guest.wasm: no "_start" function is exported, so it is no WASI command (it exports: other)',
    ],
    "bad-binary-truncated": ["module.invalid", notWasm("2567 bytes missing at offset 266")],
    "bad-binary-badversion": ["module.invalid", notWasm("wasm version 2 (1 was expected) at offset 4")],
    "bad-binary-text": ["module.invalid", notWasm('no wasm magic ("\\0asm") at offset 0')],
    "bad-binary-empty": ["module.invalid", notWasm("an empty file at offset 0")],
    "bad-binary-component": [
      "module.invalid",
      notWasm("a component (a core module was expected; emend runs WASI preview 1) at offset 4"),
    ],
    "bad-binary-badtype": ["module.invalid", notWasm("an unknown type form 0x7f at offset 11")],
  };

  test("by a rule for each", () => {
    const ids = asked
      .filter((each) => each.load_error !== undefined && !isSnapshot0(each))
      .map(({ id }) => id);
    expect(ids.sort()).toEqual(Object.keys(refusals).sort());
  });

  for (const [id, [code, message]] of Object.entries(refusals)) {
    test(`${id}, and the running release goes on`, async () => {
      const { guest } = cases.find((each) => each.id === id)!;
      const site = await serverFor(asked.find((each) => each.id === "c-hello")!);
      const content = siteContent({
        files: { "guest.wasm": kitFile(guest)! },
        toml: '[[route]]\npath = "/*"\nmodule = "guest.wasm"\n',
      });
      const refused = await site.lane
        .prepare("default", content, await siteGrants({}))
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: "EmendError", code, message });
      expect((await fetch(site.url)).status).toBe(200);
    });
  }
});

test("bad-unstable, a guest of snapshot 0, answers", async () => {
  const each = cases.find(isSnapshot0)!;
  const { status, body } = await ask((await serverFor(each)).port, each);
  expect([status, body.toString()]).toEqual([200, "unstable works\n"]);
});

/** Variables that a request sets; what else a case wants comes from the site's own environment. */
const ofRequest =
  /^(?:HTTP_.*|(?:GATEWAY|SERVER|REQUEST)_.*|SCRIPT_NAME|PATH_INFO|QUERY_STRING|CONTENT_(?:TYPE|LENGTH)|REMOTE_ADDR)$/;

/** One server for all cases that want the same of their site. */
function serverFor({ guest, args, env, dirs, deadline_ms, memory_limit }: KitCase): Promise<ServedSites> {
  const own = Object.entries(env).filter(([name]) => !ofRequest.test(name));
  const toml = [
    '[[route]]\npath = "/*"\nmodule = "guest.wasm"\ntimeout_ms = 10000',
    patientBreaker,
    // Some of the kit's guests compute for long while their code is cold, on a machine that does other things.
    `cpu_ms = ${deadline_ms ?? 10_000}`,
    memory_limit === undefined ? "" : `memory_max = ${memory_limit}`,
    args === undefined ? "" : `argv = ${JSON.stringify(args)}`,
    ...(own.length === 0
      ? []
      : ["[route.env]", ...own.map(([name, value]) => `${name} = ${JSON.stringify(value)}`)]),
  ].join("\n");
  const key = `${guest}\n${toml}\n${JSON.stringify(dirs)}`;
  const known = servers.get(key);
  if (known !== undefined) return known;
  const served = serveSite({ files: { "guest.wasm": kitFile(guest)! }, toml, mounts: mountsOf(dirs) });
  servers.set(key, served);
  return served;
}

function mountsOf(dirs: KitCase["dirs"]): SiteMount[] {
  return Object.entries(dirs ?? {}).map(([guest, directory]) => {
    const host = "scratch" in directory ? join(scratch.path, directory.scratch) : kitPath(directory.host)!;
    if ("scratch" in directory) mkdirSync(host, { recursive: true });
    return { guest, host, readOnly: !directory.write };
  });
}

async function ask(port: number, { env, stdin }: KitCase): Promise<RawResponse> {
  const method = env.REQUEST_METHOD ?? "GET";
  const query = env.QUERY_STRING ? `?${env.QUERY_STRING}` : "";
  const fields = Object.entries(env)
    .filter(([name]) => name.startsWith("HTTP_"))
    .map(([name, value]) => `${name.slice(5).replaceAll("_", "-")}: ${value}`);
  const body =
    stdin === undefined
      ? new Uint8Array(0)
      : "text" in stdin
        ? new TextEncoder().encode(stdin.text)
        : pattern(stdin.pattern);
  if (env.HTTP_HOST === undefined) fields.push(`Host: ${hostOf(env)}`);
  if (env.CONTENT_TYPE !== undefined) fields.push(`Content-Type: ${env.CONTENT_TYPE}`);
  if (stdin !== undefined) fields.push(`Content-Length: ${body.length}`);
  const connection = await RawConnection.open(port);
  try {
    await connection.send(
      [`${method} ${env.PATH_INFO ?? "/"}${query} HTTP/1.1`, ...fields, "", ""].join("\r\n"),
    );
    if (body.length > 0) await connection.send(body);
    const response = await connection.response(method, 10_000);
    expect(response).toBeDefined();
    return response!;
  } finally {
    connection.abandon();
  }
}

function hostOf(env: KitCase["env"]): string {
  return env.HTTP_HOST ?? `${env.SERVER_NAME ?? "localhost"}:${env.SERVER_PORT ?? 8080}`;
}

function expectRecorded(each: KitCase, response: RawResponse): void {
  const expected = expectedResponse(each);
  expect(response.status).toBe(expected.status);
  if (expected.status === 502) return;
  expectFields(response, expected.fields);
  expectBody(each, response.body, expected);
}

/** A guest that never ends by itself was ended for the CPU that it used. */
async function expectEnded(site: ServedSites, { status }: RawResponse): Promise<void> {
  expect(status).toBe(504);
  await site.record(({ reason }) => String(reason).startsWith("over cpu_ms:"));
}

/** What a guest wrote that has no more fields than this one. */
function outputOf({ fields, body }: RawResponse): string {
  const type = fields.find(([name]) => name === "content-type")?.[1];
  return `Content-Type: ${type}\n\n${body.toString("latin1")}`;
}

interface Expected extends ExpectedOutput {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
}

/** RFC 3875 §6.3 on the recorded output: what a host makes of a document response. */
function expectedResponse(each: KitCase): Expected {
  const output = expectedOutput(each.id);
  const text = output.bytes?.toString("latin1") ?? largeHeads[each.id] ?? "";
  const [block, separator] = /^[\s\S]*?(\r?\n\r?\n)/.exec(text) ?? ["", ""];
  if (each.trap !== undefined || block === "") return { ...output, status: 502, fields: [], body: undefined };
  const lines = block.slice(0, block.length - separator!.length).split(/\r?\n/);
  const fields = lines
    .filter((line) => line !== "")
    .map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
  const status = fields.find(([name]) => name === "status")?.[1];
  return {
    ...output,
    status: status === undefined ? 200 : Number(status.slice(0, 3)),
    fields: fields.filter(([name]) => name !== "status"),
    body: output.bytes?.subarray(block.length),
  };
}

/** The guest's fields, each as often and in the order it wrote them, and none beside them but the host's own. */
function expectFields(response: RawResponse, expected: Expected["fields"]): void {
  const hosts = new Set(["content-length", "transfer-encoding", "connection", "x-emend-release"]);
  const sorted = (fields: RawResponse["fields"]): unknown[] =>
    fields.filter(([name]) => !hosts.has(name)).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  expect(sorted(response.fields)).toEqual(sorted(expected));
}

function expectBody(each: KitCase, body: Buffer, expected: Expected): void {
  if (each.guest.startsWith("c-cgi-env/")) {
    expectEnvironment(each, body.toString("utf8"), expected.body!.toString("utf8"));
    return;
  }
  const asRecorded = unserved(each, body.toString("latin1"));
  if (expected.body === undefined) {
    expectSum(each, asRecorded, expected);
    return;
  }
  expect(asRecorded).toBe(expected.body.toString("latin1"));
}

/** Heads of the outputs that are too large to be recorded whole: with the body they have the recorded digest. */
const largeHeads: Readonly<Record<string, string>> = {
  "c-echo-binary-256k":
    "Status: 201 Created\r\nContent-Type: application/octet-stream\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\n" +
    "Set-Cookie: b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT\r\nX-Guest: c-echo\r\n\r\n",
  "c-kv-08-get-big": "Status: 200 OK\nContent-Type: application/octet-stream\n\n",
  "c-static-blob": "Content-Type: application/octet-stream\n\n",
  "as-api-echo": "Status: 200 OK\r\nContent-Type: application/x-test\r\nContent-Length: 100000\r\n\r\n",
  "as-api-fill": "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 300000\r\n\r\n",
};

function expectSum({ id }: KitCase, body: string, { size, sha256 }: ExpectedOutput): void {
  const output = Buffer.from(largeHeads[id]! + body, "latin1");
  expect([output.length, sha256Hex(output)]).toEqual([size, sha256]);
}

/** c-echo's text with the variables taken back that WAGI always sets and a bare case does not have. */
function unserved({ guest, env }: KitCase, body: string): string {
  if (!guest.startsWith("c-echo/")) return body;
  const always = { CONTENT_TYPE: "", CONTENT_LENGTH: "0", HTTP_HOST: hostOf(env) };
  let text = body;
  for (const [name, value] of Object.entries(always)) {
    if (env[name] !== undefined) continue;
    expect(text).toContain(`\n${name}=${value}\n`);
    text = text.replace(`\n${name}=${value}\n`, `\n${name} (unset)\n`);
  }
  return text;
}

/** argc and argv are the case's; of the environment nothing is missing, and WAGI's own variables win. */
function expectEnvironment({ args }: KitCase, body: string, recorded: string): void {
  const [argv, environ] = body.split(/^envc=\d+\n/m);
  const [recordedArgv, recordedEnviron = ""] = recorded.split(/^envc=\d+\n/m);
  expect(argv).toBe(recordedArgv!);
  expect(argv).toStartWith(`argc=${args?.length}\n`);
  const lines = environ!.split("\n");
  for (const line of recordedEnviron.split("\n")) {
    expect(lines).toContain(line.replace("SERVER_SOFTWARE=kit/1", "SERVER_SOFTWARE=WAGI/1"));
  }
}
