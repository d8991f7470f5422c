import { describe, expect, test } from "bun:test";
import { EmendError } from "../errors.ts";
import { nodeExample as example } from "./contract-example-fixture.ts";
import { defaultNodeConfig, defaultNodeSite } from "./defaults.ts";
import { checkNodeConfig, parseNodeConfig } from "./node-config.ts";

/** The one of minisign's own releases. */
const key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

function errorsOf(toml: string): string {
  try {
    parseNodeConfig(toml, "emend.toml");
    return "";
  } catch (thrown) {
    if (thrown instanceof EmendError && thrown.code === "node.config") return thrown.message;
    throw thrown;
  }
}

describe("parseNodeConfig", () => {
  test("reads the contract's example", () => {
    expect(parseNodeConfig(example, "emend.toml")).toEqual({
      server: {
        addr: { hostname: "0.0.0.0", port: 8080 },
        admin: { hostname: "127.0.0.1", port: 9080 },
        adminHosts: [],
        threads: 1,
        patchBytesMax: 512 * 1024 * 1024,
        releaseHeader: true,
        trustedProxies: [],
        tls: { certFile: "c.pem", keyFile: "k.pem" },
        adminTls: { certFile: "ac.pem", keyFile: "ak.pem" },
        shutdownGraceMs: 10_000,
        log: { format: "text", redact: ["x-api-key"] },
      },
      sites: [
        {
          ...defaultNodeSite(),
          dir: "site",
          mounts: [{ host: "/var/lib/app", guest: "/data", readOnly: false }],
          keys: [key],
          canary: { ...defaultNodeSite().canary, webhook: "http://hooks.example/canary" },
        },
      ],
    });
  });

  test("has the contract's numbers and booleans as defaults", () => {
    const { server } = parseNodeConfig(example, "emend.toml");
    const examples = { tls: undefined, adminTls: undefined, log: { format: "text", redact: [] } } as const;
    expect(defaultNodeConfig()).toEqual({
      server: { ...server, ...examples, addr: { hostname: "127.0.0.1", port: 8080 } },
      sites: [defaultNodeSite()],
    });
    expect(parseNodeConfig("", "emend.toml")).toEqual(defaultNodeConfig());
    expect(parseNodeConfig("[server]\n[[site]]", "emend.toml")).toEqual(defaultNodeConfig());
  });

  test("folds the case of hosts and can go without an admin listener", () => {
    const toml =
      '[server]\nadmin = "off"\nadmin_hosts = ["Node.Example"]\n[[site]]\nhosts = ["*.Example.COM"]';
    const { server, sites } = parseNodeConfig(toml, "emend.toml");
    expect(server.admin).toBe("off");
    expect(server.adminHosts).toEqual(["node.example"]);
    expect(sites[0]?.hosts).toEqual(["*.example.com"]);
  });

  test.each([
    ["an address without a port", '[server]\naddr = "localhost"', "server.addr: expected an address such as"],
    [
      "an admin switch of another word",
      '[server]\nadmin = "none"',
      'server.admin: expected an address such as "127.0.0.1:8080", "[::1]:8080" or ":8080", or "off", got "none"',
    ],
    [
      "more threads",
      "[server]\nthreads = 2",
      "server.threads: expected 1 (more threads are not supported by this version of emend), got 2",
    ],
    ["the threads of a later version", '[server]\nthreads = "auto"', "server.threads: expected 1"],
    [
      "a key of a later version",
      '[[site]]\nupstreams = ["127.0.0.1:9000"]',
      "site[0].upstreams: expected a key of this version of emend",
    ],
    [
      "a table of a later version",
      "[[site]]\n[[site.listener]]\nname = 'a'",
      "site[0].listener: expected a key of this version of emend",
    ],
    [
      "a mount without a place",
      '[[site]]\n[[site.mount]]\nhost = "a"',
      "site[0].mount[0].guest: expected a value",
    ],
    ...["data", "/data/", "/a//b", "/a/../b", "/site", "/tmp"].map((guest): [string, string, string] => [
      `a mount at ${guest}`,
      `[[site]]\n[[site.mount]]\nhost = "a"\nguest = "${guest}"`,
      "site[0].mount[0].guest: expected a",
    ]),
    [
      "a mount that takes another's place",
      '[[site]]\n[[site.mount]]\nhost = "a"\nguest = "/d"\n[[site.mount]]\nhost = "b"\nguest = "/d"',
      'site[0].mount[1].guest: expected a guest that no table before has, got "/d", as in the one with index 0',
    ],
    [
      "a mode that is none",
      '[[site]]\n[[site.mount]]\nhost = "a"\nguest = "/d"\nmode = "w"',
      'site[0].mount[0].mode: expected "ro" or "rw", got "w"',
    ],
    [
      "a key without its certificate",
      '[server]\ntls = { key = "k" }',
      "server.tls.cert: expected a value, got nothing",
    ],
    [
      "a range that is none",
      '[server]\ntrusted_proxies = ["10.0.0.0/33"]',
      "server.trusted_proxies[0]: expected an IP address or a range",
    ],
    [
      "a negative time",
      "[server]\nshutdown_grace_ms = -1",
      "server.shutdown_grace_ms: expected an integer from 0 to 3600000, got -1",
    ],
    [
      "an unknown log",
      '[server]\nlog = { format = "xml" }',
      'server.log.format: expected "text" or "json", got "xml"',
    ],
    [
      "a header that is none",
      '[server]\nlog = { redact = ["a:"] }',
      'server.log.redact[0]: expected the name of a header, got "a:"',
    ],
    [
      "a wildcard for the admin listener",
      '[server]\nadmin_hosts = ["*"]',
      'server.admin_hosts[0]: expected a host name, got "*"',
    ],
    [
      "two listeners on one port",
      '[server]\naddr = ":80"\nadmin = "127.0.0.1:80"',
      "server.admin: expected another port than that of server.addr, got 80",
    ],
    ["no site", "site = []", "site: expected at least one [[site]]"],
    ["a site without hosts", "[[site]]\nhosts = []", "site[0].hosts: expected at least one host"],
    [
      "a name that cannot stand in a URL",
      '[[site]]\nname = "a/b"',
      "site[0].name: expected a name: letters, digits",
    ],
    [
      "a name twice",
      '[[site]]\nhosts = ["a.b"]\n[[site]]\nhosts = ["c.d"]',
      'site[1].name: expected a name that no site has yet, got "default", which site[0] has',
    ],
    [
      "a host twice",
      '[[site]]\nname = "a"\nhosts = ["a.b"]\n[[site]]\nname = "b"\nhosts = ["A.B"]',
      'site[1].hosts: expected a host that no site has yet, got "A.B", which site[0] has',
    ],
    [
      "a share of nothing",
      "[[site]]\n[site.limits]\ncpu_share = 0",
      "site[0].limits.cpu_share: expected an integer from 1 to 10000, got 0",
    ],
    [
      "a rate below nothing",
      "[[site]]\n[site.limits]\nrate_per_second = -0.5",
      "site[0].limits.rate_per_second: expected a number from 0 to 1000000, got -0.5",
    ],
    [
      "no room at all",
      "[[site]]\n[site.limits]\nmax_connections = 0",
      "site[0].limits.max_connections: expected an integer from 1 to 100000, got 0",
    ],
    [
      "half a request",
      "[[site]]\n[site.limits]\nmax_pending = 0.5",
      "site[0].limits.max_pending: expected an integer from 0 to 100000, got 0.5",
    ],
    [
      "a key that is none",
      '[[site]]\nkeys = ["RWQ"]',
      'site[0].keys[0]: expected a minisign public key (56 characters, RW…), got "RWQ"',
    ],
    ["a key twice", `[[site]]\nkeys = ["${key}", "${key}"]`, "site[0].keys: expected each key once"],
    [
      "a retired key that may patch",
      `[[site]]\nkeys = ["${key}"]\nretired_keys = ["${key}"]`,
      `site[0].retired_keys: expected none of keys, got "${key}"`,
    ],
    [
      "more signatures than keys",
      `[[site]]\nkeys = ["${key}"]\nkeys_threshold = 2`,
      "site[0].keys_threshold: expected at most as many as there are keys, 1, got 2",
    ],
    [
      "no signature",
      "[[site]]\nkeys_threshold = 0",
      "site[0].keys_threshold: expected an integer from 1 to 100, got 0",
    ],
    [
      "no release to keep",
      "[[site]]\nkeep_releases = 0",
      "site[0].keep_releases: expected an integer from 1 to 1000, got 0",
    ],
    [
      "a watch of another rate",
      "[[site]]\nwatch = { error_rate_above = 2 }",
      "site[0].watch.error_rate_above: expected a number from 0 to 1, got 2",
    ],
    [
      "a canary for everybody",
      "[[site]]\n[site.canary]\npercent = 100",
      "site[0].canary.percent: expected a number from 0.1 to 99, got 100",
    ],
    [
      "a canary that has to be faster",
      "[[site]]\n[site.canary]\np99_ratio_max = 0.5",
      "site[0].canary.p99_ratio_max: expected a number from 1 to 1000, got 0.5",
    ],
    ...["file:///x", "hooks.example", "http://"].map((url): [string, string, string] => [
      `the webhook ${url}`,
      `[[site]]\n[site.canary]\nwebhook = "${url}"`,
      `site[0].canary.webhook: expected an http or https URL, got "${url}"`,
    ]),
    ["an upload of a decimal size", '[server]\npatch_max = "1 MB"', "server.patch_max: expected bytes"],
    ["an empty directory", '[[site]]\ndir = ""', 'site[0].dir: expected a path, got ""'],
  ])("refuses %s", (_, toml, message) => {
    const lines = errorsOf(toml).split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith(`emend.toml: ${message}`);
  });

  test("tells conflicts along with other errors", () => {
    const toml = '[server]\naddr = ":80"\nadmin = ":80"\nthreads = 2\n[[site]]\nfoo = 1\n[[site]]\nhosts = 1';
    const paths = errorsOf(toml)
      .split("\n")
      .map((line) => line.split(": ")[1]);
    expect(paths.sort()).toEqual([
      "server.admin",
      "server.threads",
      "site[0].foo",
      "site[1].hosts",
      "site[1].name",
    ]);
  });
});

describe("checkNodeConfig", () => {
  test("gives the configuration or the issues", () => {
    expect(checkNodeConfig("")).toEqual({ kind: "valid", config: defaultNodeConfig() });
    expect(checkNodeConfig("[server]\nthreads = 3")).toMatchObject({
      kind: "invalid",
      issues: [{ path: "server.threads" }],
    });
  });
});
