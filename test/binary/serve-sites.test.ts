/** `emend serve` with a site of one's own: a directory, one module, several sites by host, and TLS. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  createScratch,
  isExecutableBuilt,
  type NodeProcess,
  runCommand,
  type Scratch,
  startNode,
  testToken,
} from "../support/executable.ts";
import { kitGuest } from "../support/guests.ts";
import { rawRequest } from "../support/raw-connection.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch[Symbol.dispose]());

function write(path: string, contents: string | Uint8Array): string {
  const file = join(scratch.path, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, contents);
  return file;
}

describe.skipIf(!isBuilt)("emend serve DIR", () => {
  test("serves what emend init wrote, page and handler", async () => {
    const made = await runCommand(["init", "site"], { cwd: scratch.path });
    expect([made.exitCode, made.stderr]).toEqual([0, ""]);
    await using node = await startNode(["site", "--ephemeral"], { cwd: scratch.path });
    const page = await fetch(`${node.url}/`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const hello = await fetch(`${node.url}/hello?name=Ada`);
    expect([hello.status, (await hello.text()).includes("Ada")]).toEqual([200, true]);
    expect(page.headers.get("x-emend-release")).toBe(node.ready.sites[0]!.release.slice(7, 19));
    expect((await fetch(`${node.url}/site.toml`)).status).toBe(404);
  });

  test("serves public/ and the modules of a directory without a site.toml", async () => {
    write("plain/public/index.html", "plain");
    write("plain/api.wasm", kitGuest("c-hello"));
    await using node = await startNode(["plain", "--ephemeral"], { cwd: scratch.path });
    expect(await (await fetch(`${node.url}/`)).text()).toBe("plain");
    const answer = await fetch(`${node.url}/api/below`);
    expect([answer.status, answer.headers.get("x-emend-release")?.length]).toEqual([200, 12]);
  });
});

describe.skipIf(!isBuilt)("emend serve --preload", () => {
  test("answers with one module at every path", async () => {
    const module = write("alone/cgi.wasm", kitGuest("c-cgi-env"));
    await using node = await startNode(["--preload", module, "--ephemeral"]);
    for (const path of ["/", "/a/b", "/index.html"]) {
      const response = await fetch(`${node.url}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      expect(await response.text()).toContain("GATEWAY_INTERFACE");
    }
  });
});

describe.skipIf(!isBuilt)("emend serve --config", () => {
  let node: NodeProcess;
  beforeAll(async () => {
    write("etc/one/public/index.html", "site one");
    write("etc/two/public/index.html", "site two");
    write("etc/two/hello.wasm", kitGuest("c-hello"));
    const config = write(
      "etc/emend.toml",
      `
[server]
addr = "127.0.0.1:1"
release_header = false

[[site]]
name = "one"
hosts = ["one.test", "*.one.test"]
dir = "one"

[[site]]
name = "two"
hosts = ["two.test"]
dir = "two"
`,
    );
    node = await startNode(["--config", config, "--ephemeral"], { cwd: scratch.path });
  });
  afterAll(() => node[Symbol.asyncDispose]());

  const table: [host: string, path: string, status: number, body: string][] = [
    ["one.test", "/", 200, "site one"],
    ["ONE.test:81", "/", 200, "site one"],
    ["a.b.one.test", "/", 200, "site one"],
    ["two.test", "/", 200, "site two"],
    ["one.test", "/hello", 404, ""],
    ["two.test", "/hello", 200, ""],
    ["three.test", "/", 421, ""],
    ["127.0.0.1", "/", 421, ""],
  ];
  for (const [host, path, status, body] of table) {
    test(`${host}${path} is answered with ${status}`, async () => {
      const response = await rawRequest(node.port, `GET ${path}`, [`Host: ${host}`]);
      expect(response?.status).toBe(status);
      if (body !== "") expect(response?.body.toString()).toBe(body);
      expect(response?.fields.map(([name]) => name)).not.toContain("x-emend-release");
    });
  }

  test("both sites are in the ready line and in the status", async () => {
    expect(node.ready.sites.map(({ site }) => site)).toEqual(["one", "two"]);
    const status = (await (await node.ask("/v1/status")).json()) as { sites: { site: string }[] };
    expect(status.sites.map(({ site }) => site)).toEqual(["one", "two"]);
  });
});

const openssl = Bun.which("openssl");
if (openssl === null) console.log("the tests of TLS are skipped: there is no openssl to make a certificate");

describe.skipIf(!isBuilt || openssl === null)("emend serve with TLS", () => {
  /** Makes a certificate for localhost that is its own authority. */
  function makeCertificate(directory: string): string {
    mkdirSync(join(scratch.path, directory), { recursive: true });
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(scratch.path, directory, name));
    const made = Bun.spawnSync([
      ...[openssl!, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
      ...["-keyout", key!, "-out", cert!],
    ]);
    expect(made.exitCode).toBe(0);
    return cert!;
  }

  test("answers over https on both listeners, with files named relative to emend.toml", async () => {
    const ca = await Bun.file(makeCertificate("tls")).text();
    write("tls/site/public/index.html", "over TLS");
    const tls = '{ cert = "cert.pem", key = "key.pem" }';
    const config = write(
      "tls/emend.toml",
      `[server]\ntls = ${tls}\nadmin_tls = ${tls}\n[[site]]\nname = "default"\nhosts = ["*"]\ndir = "site"\n`,
    );
    await using node = await startNode(["--config", config, "--ephemeral"]);
    expect([node.ready.addr, node.ready.admin]).toEqual([
      expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
    ]);
    expect(await (await fetch(`${node.url}/`, { tls: { ca } })).text()).toBe("over TLS");
    expect(await (await fetch(`${node.ready.admin}/readyz`, { tls: { ca } })).text()).toBe("ok");
    // Without the authority the client has no reason to trust it: this really was TLS.
    await expect(fetch(`${node.url}/`)).rejects.toThrow(/certificate/i);
    // The commands trust it when they are told to, and the token goes nowhere before.
    const args = ["status", "--to", node.ready.admin!, "--json"];
    const env = { EMEND_TOKEN: testToken };
    const [distrusting, trusting] = await Promise.all([
      runCommand(args, { env }),
      runCommand([...args, "--ca", join(scratch.path, "tls/cert.pem")], { env }),
    ]);
    expect([distrusting.exitCode, distrusting.stderr]).toEqual([1, expect.stringContaining("--ca FILE.pem")]);
    expect(JSON.parse(trusting.stdout).node).toBe(node.ready.node);
  });

  test("refuses a certificate that is none, without a stack", async () => {
    makeCertificate("tls-broken");
    write("tls-broken/cert.pem", "this is no certificate\n");
    const config = write("tls-broken/emend.toml", '[server]\ntls = { cert = "cert.pem", key = "key.pem" }\n');
    const { exitCode, stdout, stderr } = await runCommand(
      ["serve", "--config", config, "--ephemeral", "--addr", "127.0.0.1:0", "--admin", "off"],
      { env: { EMEND_TOKEN: "a-token-that-is-long-enough" } },
    );
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^emend: cannot listen on 127\.0\.0\.1:0: .+tls-broken\/cert\.pem .+\n$/);
    expect(stderr).not.toContain("    at ");
  });
});
