/** The commands that drive a node, as processes of their own, against one that answers what it is told to. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../../test/support/executable.ts";
import {
  type FakeRequest,
  fakeCanary,
  fakeSite,
  fakeStatus,
  fakeUpdate,
  refuse,
  startFakeNode,
} from "../../test/support/fake-node.ts";

const main = join(import.meta.dir, "../main.ts");
const scratch = mkdtempSync(join(tmpdir(), "emend-commands-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const token = "emend_secret-of-this-test";
const patchBytes = Buffer.alloc(300_000, "patch ");
const patch = join(scratch, "v2.emend");
writeFileSync(patch, patchBytes);

function emend(
  args: readonly string[],
  env: Record<string, string> = { EMEND_TOKEN: token },
): Promise<CommandResult> {
  return runCommand([main, ...args], { program: process.execPath, env, cwd: scratch });
}

const a = `sha256:${"a".repeat(64)}`;
const b = `sha256:${"b".repeat(64)}`;
const kept = [
  ...fakeSite("default", b).releases,
  { ...fakeSite("default", a).releases[0]!, state: "kept" as const },
];

const reloaded = { status: "reloaded", checksum: a };

describe("a command that drives a node", () => {
  const push = ["push", patch];
  const cases: [
    args: string[],
    answer: object,
    method: string,
    path: string,
    body: string | undefined,
    text: RegExp,
  ][] = [
    [
      push,
      fakeUpdate,
      "POST",
      "/v1/sites/default/patches",
      undefined,
      /42,000 bytes sent for a release of 10,200,000/,
    ],
    [
      [...push, "--site", "shop"],
      fakeUpdate,
      "POST",
      "/v1/sites/shop/patches",
      undefined,
      /verify 1.3 ms, apply 5/,
    ],
    [
      [...push, "--dry-run"],
      { ...fakeUpdate, status: "checked" },
      "POST",
      "/v1/sites/default/patches?dry-run=1",
      undefined,
      /nothing was changed/,
    ],
    [
      [...push, "--canary", "2.5", "--insist"],
      { ...fakeUpdate, status: "canary", canary: fakeCanary },
      "POST",
      "/v1/sites/default/patches?canary=2.5&insist=1",
      undefined,
      /canary: 100 requests of 7 clients, 1 failed, p99 4.3 ms/,
    ],
    [[...push, "--canary"], fakeUpdate, "POST", "/v1/sites/default/patches?canary=", undefined, /applied/],
    [
      ["rollback"],
      { ...fakeUpdate, status: "rolled-back" },
      "POST",
      "/v1/sites/default/rollback",
      "{}",
      /^rolled back/,
    ],
    [
      ["rollback", "--release", a, "--insist"],
      { ...fakeUpdate, status: "rolled-back" },
      "POST",
      "/v1/sites/default/rollback",
      `{"release":"${a}","insist":true}`,
      /^rolled back/,
    ],
    [
      ["canary", "promote"],
      { ...fakeCanary, state: "promoted", reason: "by hand" },
      "POST",
      "/v1/sites/default/canary/promote",
      "{}",
      /canary promoted: by hand/,
    ],
    [
      ["canary", "abort"],
      { ...fakeCanary, state: "aborted" },
      "POST",
      "/v1/sites/default/canary/abort",
      "{}",
      /canary aborted: sha256/,
    ],
    [["reload", "hello.wasm"], reloaded, "POST", "/_reload", '{"module":"hello.wasm"}', /reloaded: sha256:a/],
    [["reload"], reloaded, "POST", "/_reload", "{}", /reloaded/],
    [
      ["status"],
      fakeStatus(fakeSite("default", a), fakeSite("shop", b)),
      "GET",
      "/v1/status",
      "",
      /site shop: sha256:b.*running {2}bbbbbbbbbbbb/s,
    ],
  ];
  test.each(cases)("asks and reports: %p", async (args, answer, method, path, body, text) => {
    await using node = startFakeNode(() => Response.json(answer));
    const [human, json] = await Promise.all([
      emend([...args, "--to", node.url]),
      emend([...args, "--to", `${node.url}/`, "--json"]),
    ]);
    expect(human).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringMatching(text) });
    expect(json).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual(answer);
    expect(node.requests).toHaveLength(2);
    for (const seen of node.requests) {
      expect([seen.method, seen.path, seen.headers.get("authorization")]).toEqual([
        method,
        path,
        `Bearer ${token}`,
      ]);
      expect(seen.headers.get("content-length")).toBe(method === "GET" ? null : String(seen.body.length));
      if (body === undefined) expect(patchBytes.equals(seen.body)).toBe(true);
      else expect(Buffer.from(seen.body).toString()).toBe(body);
    }
  });

  test("status shows one site only, and says when there is none of that name", async () => {
    await using node = startFakeNode(() =>
      Response.json(fakeStatus(fakeSite("default", a), fakeSite("shop", b))),
    );
    const shop = await emend(["status", "--to", node.url, "--site", "shop"]);
    expect(shop.stdout).toContain("site shop");
    expect(shop.stdout).not.toContain("site default");
    const none = await emend(["status", "--to", node.url, "--site", "shoe"]);
    expect([none.exitCode, none.stderr.trimEnd().split(" ").at(-1)]).toEqual([3, "site.unknown"]);
  });

  test("rollback takes the beginning of a digest that the node keeps once", async () => {
    await using node = startFakeNode(({ method }) =>
      Response.json(
        method === "GET" ? { site: "default", releases: kept } : { ...fakeUpdate, status: "rolled-back" },
      ),
    );
    const args = ["rollback", "--to", node.url, "--release"];
    expect((await emend([...args, "aaaaaaaaaaaa"])).exitCode).toBe(0);
    expect(JSON.parse(Buffer.from(node.requests.at(-1)!.body).toString())).toEqual({ release: a });
    const [unknown, wrong] = await Promise.all([emend([...args, "cccccccccccc"]), emend([...args, "xyz"])]);
    expect([unknown.exitCode, unknown.stderr.trimEnd().split(" ").at(-1)]).toEqual([3, "release.unknown"]);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("hexadecimal") });
    expect(node.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
  });
});

describe("what comes back", () => {
  test.each([
    [403, "patch.signature"],
    [409, "busy"],
    [401, "auth.token"],
    [507, "store.full"],
    // Of a later version.
    [422, "patch.of-a-new-kind"],
  ])("%p %p ends with 3 and the code, last on stderr and in --json", async (status, code) => {
    await using node = startFakeNode(() => refuse(status, code, "expected this, found that"));
    const result = await emend(["push", patch, "--to", node.url, "--json"]);
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toBe(`emend: ${node.url}: expected this, found that: ${code}\n`);
    expect(JSON.parse(result.stdout)).toEqual({ code, message: `${node.url}: expected this, found that` });
  });

  const html = new Headers({ "content-type": "text/html" });
  const cases: [what: string, answer: (request: FakeRequest) => Response, message: RegExp][] = [
    [
      "a page",
      () => new Response("<h1>router</h1>", { headers: html }),
      /expected application\/json, found 200 with text\/html/,
    ],
    [
      "a page with an error",
      () => new Response("<h1>no</h1>", { status: 404, headers: html }),
      /is this the admin address/,
    ],
    [
      "broken JSON",
      () => new Response("{", { headers: { "content-type": "application/json" } }),
      /expected JSON/,
    ],
    ["another document", () => Response.json({ status: "fine" }), /of another form than this version knows/],
    [
      "an error without a code",
      () => Response.json({ error: "no" }, { status: 422 }),
      /422 without the code/,
    ],
    ["a code that is none", () => refuse(422, "rm -rf; \u001b[2J"), /422 without the code/],
    ["a failure of its own", () => refuse(500, "internal", "its log says why"), /500: its log says why/],
    ["nothing", () => new Response(null, { status: 204 }), /found 204 with nothing/],
    ["control characters", () => refuse(500, "internal", "\u001b[2Jboo"), /500: \\x1b\[2Jboo/],
  ];
  test.each(cases)("is a failure, and said, when it is %s", async (_, answer, message) => {
    await using node = startFakeNode(answer);
    const { exitCode, stdout, stderr } = await emend(["push", patch, "--to", node.url, "--json"]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^emend: http:\/\/127\.0\.0\.1:\d+\/v1\/sites\/default\/patches: .*\n$/);
  });

  test("is read up to a limit only", async () => {
    await using node = startFakeNode(() => {
      const piece = new Uint8Array(1 << 20).fill(32);
      const endless = new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
      return new Response(endless, { headers: { "content-type": "application/json" } });
    });
    expect(await emend(["status", "--to", node.url])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("expected at most 83886080 bytes"),
    });
  });

  test("is waited for only so long, before the head and after it", async () => {
    await using silent = startFakeNode(() => new Promise(() => undefined));
    await using halting = startFakeNode(() => {
      const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("{")) });
      return new Response(body, { headers: { "content-type": "application/json" } });
    });
    for (const { url } of [silent, halting]) {
      expect(await emend(["status", "--to", url, "--timeout", "0.3"])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("no progress for 0.3 s"),
      });
    }
  });

  test("is said when nothing is there", async () => {
    const port = await closedPort();
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await emend(["status", "--to", `http://${host}:${port}`])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("connection refused"),
      });
    }
  });

  test("is heard before a long upload has ended", async () => {
    let taken = 0;
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, bytes) {
          taken += bytes.length;
          const body = '{"error":{"code":"patch.signature","message":"no"}}';
          socket.write(
            `HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
          );
          socket.pause();
        },
      },
    });
    const file = join(scratch, "long.emend");
    writeFileSync(file, Buffer.alloc(50_000_000));
    const result = await emend(["push", file, "--to", `http://127.0.0.1:${server.port}`]);
    server.stop(true);
    expect([result.exitCode, result.stderr.trimEnd().split(" ").at(-1)]).toEqual([3, "patch.signature"]);
    expect(taken).toBeLessThan(5_000_000);
  });
});

describe("events", () => {
  const event = (id: number, fields: object): string =>
    `id: ${id}\nevent: x\ndata: ${JSON.stringify({ id, at: "2026-11-24T00:00:00Z", site: "shop", ...fields })}\n\n`;

  /** A node that sends these texts, one a connection, and then refuses. */
  const streaming = (...texts: string[]) =>
    startFakeNode(() => {
      const text = texts.shift();
      if (text === undefined) return refuse(401, "auth.token");
      return new Response(text, { headers: { "content-type": "text/event-stream" } });
    });

  test("are printed line by line, and go on behind the last one when the connection is lost", async () => {
    const first = event(7, { event: "committed", to: b, generation: 3, actor: "operator" });
    const second = event(8, { event: "refused", code: "patch.signature", message: "by \u001b[2J nobody" });
    await using node = streaming(`: beat\n\n${first}id: 9\ndata: {"half`, second);
    const result = await emend(["events", "--to", node.url, "--site", "shop"]);
    expect(result.stdout.split("\n")).toEqual([
      `2026-11-24T00:00:00Z shop committed to=${b} generation=3 actor=operator`,
      '2026-11-24T00:00:00Z shop refused code=patch.signature message="by \\u001b[2J nobody"',
      "",
    ]);
    // Only a refusal ends it.
    expect([result.exitCode, result.stderr.trimEnd().split(" ").at(-1)]).toEqual([3, "auth.token"]);
    expect(node.requests.map(({ path, headers }) => [path, headers.get("last-event-id")])).toEqual([
      ["/v1/events?site=shop", null],
      ["/v1/events?site=shop", "7"],
      ["/v1/events?site=shop", "8"],
    ]);
  });

  test("are JSON lines with --json, of kinds that this version does not know, too", async () => {
    const fields = { event: "of-a-new-kind", more: { a: [1] } };
    await using node = streaming(event(7, fields));
    const { stdout } = await emend(["events", "--to", node.url, "--json"]);
    expect(JSON.parse(stdout.split("\n")[0]!)).toEqual({
      id: 7,
      at: "2026-11-24T00:00:00Z",
      site: "shop",
      ...fields,
    });
  });

  test("that are none end a connection, not the command", async () => {
    await using node = streaming("data: boo\n\n", event(7, { event: "trap" }));
    const { stdout, stderr } = await emend(["events", "--to", node.url]);
    expect(stdout).toBe("2026-11-24T00:00:00Z shop trap\n");
    expect(stderr).toContain("expected an event of an emend node, found something else; trying again");
  });
});

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port!;
}

describe("the token", () => {
  test("never follows a redirect", async () => {
    await using thief = startFakeNode(() => Response.json(fakeUpdate));
    for (const status of [301, 302, 303, 307, 308]) {
      await using node = startFakeNode(
        () => new Response(null, { status, headers: { location: `${thief.url}/v1/status` } }),
      );
      for (const args of [["push", patch], ["status"], ["rollback"]]) {
        const { exitCode, stderr } = await emend([...args, "--to", node.url]);
        expect(exitCode).toBe(1);
        expect(stderr).toContain(`${status}, a redirect to "${thief.url}/v1/status": nothing is sent there`);
      }
    }
    expect(thief.requests).toEqual([]);
  });

  test("goes to loopback past a proxy", async () => {
    await using thief = startFakeNode(() => Response.json(fakeUpdate));
    await using node = startFakeNode(() => Response.json(fakeUpdate));
    using six = serveOnSix();
    const env = { EMEND_TOKEN: token, http_proxy: thief.url, HTTP_PROXY: thief.url, NO_PROXY: "example.org" };
    const { port } = new URL(node.url);
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      ...(six === null ? [] : [`[::1]:${six.port}`]),
    ]) {
      expect(await emend(["push", patch, "--to", `http://${host}`], env)).toMatchObject({
        exitCode: 0,
      });
    }
    expect(thief.requests).toEqual([]);
  });

  test.each([
    ["http to another machine", ["--to", "http://192.0.2.1:9080"], /unencrypted; use https, or a tunnel/],
    ["http to a name that looks like loopback", ["--to", "http://127.0.0.1.example.org"], /unencrypted/],
    ["http to a name that begins like loopback", ["--to", "http://localhost.example.org"], /unencrypted/],
    ["no URL", ["--to", "node:9080"], /expected the admin address/],
    ["another scheme", ["--to", "ftp://127.0.0.1"], /expected the admin address/],
    ["a path", ["--to", "https://node/v1"], /expected the admin address/],
    ["a token in the URL", ["--to", "https://me:you@node"], /expected the admin address/],
    ["a token with a line break", ["--to", "http://127.0.0.1:9", "--token", "a\nb"], /printable ASCII/],
    ["an empty token", ["--to", "http://127.0.0.1:9", "--token", ""], /expected a token/],
    ["a site that is none", ["--to", "http://127.0.0.1:9", "--site", "../.."], /name of a site/],
    ["a timeout that is none", ["--to", "http://127.0.0.1:9", "--timeout", "0"], /seconds above 0/],
    ["no node", [], /required option '--to <url>'/],
  ])("is not sent: %s", async (_, args, message) => {
    const { exitCode, stderr } = await emend(["status", ...args]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).not.toContain(token);
  });

  test("has to be there, and --token comes before the environment", async () => {
    await using node = startFakeNode(() => refuse(401, "auth.token"));
    expect(await emend(["status", "--to", node.url], {})).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("expected a token in EMEND_TOKEN or --token"),
    });
    await emend(["status", "--to", node.url, "--token", "other"]);
    expect(node.requests.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer other"]);
  });

  test("goes unencrypted to another machine when that is asked for", async () => {
    const { exitCode, stderr } = await emend([
      "status",
      "--to",
      "http://emend.invalid",
      "--insecure",
      "--timeout",
      "5",
    ]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("http://emend.invalid/v1/status: no")]);
  });
});

/** A node on the loopback of IPv6, where the machine has one. */
function serveOnSix(): Bun.Server<undefined> | null {
  try {
    return Bun.serve({ hostname: "::1", port: 0, fetch: () => Response.json(fakeUpdate) });
  } catch {
    console.log("a part of this test is skipped: the machine has no ::1");
    return null;
  }
}

test("push refuses a percentage that is none", async () => {
  for (const percent of ["0", "101", "x", "-1"]) {
    const { exitCode, stderr } = await emend([
      "push",
      patch,
      "--to",
      "http://127.0.0.1:9",
      `--canary=${percent}`,
    ]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("expected a percentage")]);
  }
});

test.each(["push", "status", "rollback", "canary", "events", "reload"])(
  "%s explains itself with examples",
  async (name) => {
    const { exitCode, stdout } = await emend([name, "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(stdout).toContain("EMEND_TOKEN");
  },
);
