/**
 * emend.toml: what a node listens on and which sites it has. It belongs to the node's operator; no release can
 * touch it. The tables below are the one source, as in site-config.ts. Paths in the file are relative to the
 * directory that it lies in; whoever reads the file resolves them.
 */
import * as v from "valibot";
import { byteSize } from "./byte-size.ts";
import { type CanaryConfig, canaryTable } from "./canary.ts";
import { type ConfigVerdict, checkConfig, configOrThrow } from "./check-config.ts";
import { checkGuestPath, guestPathPattern } from "./guest-path.ts";
import { checkHost, checkHostPattern, checkIpRange } from "./host-name.ts";
import { describe } from "./issue.ts";
import {
  addressPattern,
  expectedAddress,
  isSameListener,
  type ListenAddress,
  parseListenAddress,
} from "./listen-address.ts";
import { checkPublicKey, publicKeyPattern } from "./public-key.ts";
import { diskPath, flag, integer, maybe, patternText, required, text, withDefault } from "./scalar.ts";
import { type SiteLimits, siteLimitsTable } from "./site-limits.ts";
import { isTable, table } from "./table.ts";
import { type WatchConfig, watchTable } from "./watch.ts";

/** A node: its listeners, and its sites, of which there is at least one. */
export type NodeConfig = { readonly server: ServerConfig; readonly sites: readonly NodeSite[] };

/** What the node listens on and how it talks. */
export type ServerConfig = {
  readonly addr: ListenAddress;
  /** The admin listener, or none. */
  readonly admin: ListenAddress | "off";
  /** Further names of the admin listener, in lower case. */
  readonly adminHosts: readonly string[];
  readonly threads: 1;
  /** Longest upload of a patch. */
  readonly patchBytesMax: number;
  /** Whether answers carry `x-emend-release`. */
  readonly releaseHeader: boolean;
  /** IP addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[];
  readonly tls: TlsFiles | undefined;
  readonly adminTls: TlsFiles | undefined;
  readonly shutdownGraceMs: number;
  /** `redact`: names of headers, in lower case, that are never logged. */
  readonly log: { readonly format: "text" | "json"; readonly redact: readonly string[] };
};

/** PEM files, as written in emend.toml. */
export type TlsFiles = { readonly certFile: string; readonly keyFile: string };

/** One site of the node. */
export type NodeSite = {
  readonly name: string;
  /** `*`, `*.example.com` or one host, in lower case. No two sites share one. */
  readonly hosts: readonly string[];
  /** Its directory as written, or undefined for the site that the executable embeds. */
  readonly dir: string | undefined;
  readonly limits: SiteLimits;
  /** Public keys of minisign (`RW…`) that may patch the site, each once. */
  readonly keys: readonly string[];
  /** How many of them have to have signed a patch. */
  readonly keysThreshold: number;
  /** Keys that may not any more; none of `keys`. */
  readonly retiredKeys: readonly string[];
  /** Releases that are kept to go back to, with the one that runs. */
  readonly keepReleases: number;
  readonly watch: WatchConfig;
  readonly canary: CanaryConfig;
  readonly mounts: readonly SiteMount[];
};

/** A directory of the machine that a site's guests see. */
export type SiteMount = {
  /** As written in emend.toml. */
  readonly host: string;
  /** What guests know it by: absolute, without a trailing slash, different for each mount of a site. */
  readonly guest: string;
  readonly readOnly: boolean;
};

const address = v.pipe(
  text(expectedAddress, (value) => (parseListenAddress(value) ? undefined : expectedAddress), addressPattern),
  v.transform(toAddress),
);

const adminAddress = v.pipe(
  text(
    `${expectedAddress}, or "off"`,
    (value) => (value === "off" || parseListenAddress(value) ? undefined : `${expectedAddress}, or "off"`),
    `${addressPattern}|^off$`,
  ),
  v.transform((value) => (value === "off" ? "off" : toAddress(value))),
);

const tls = table("A certificate and its key.", {
  cert: required("PEM file with the certificate and its chain.", diskPath()),
  key: required("PEM file with the secret key.", diskPath()),
});

const log = table("The log, on stdout.", {
  format: withDefault(
    '"text" for people, "json" for machines.',
    v.picklist(["text", "json"] as const, '"text" or "json"'),
    "text",
  ),
  redact: withDefault(
    "Names of headers whose values are never logged; Authorization, Cookie and Set-Cookie never are.",
    v.array(
      patternText("the name of a header", /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
      "a list of names of headers",
    ),
    [],
  ),
});

const server = table("What the node listens on. Options of the command line win.", {
  addr: withDefault(
    "Where sites answer: HOST:PORT, or :PORT for every interface.",
    address,
    "127.0.0.1:8080",
  ),
  admin: withDefault('Where the admin API answers, or "off".', adminAddress, "127.0.0.1:9080"),
  admin_hosts: withDefault(
    "Further names under which the admin listener is addressed; IP addresses and localhost always are.",
    v.array(text("a host name", checkHost), "a list of host names"),
    [],
  ),
  threads: withDefault(
    "Threads that answer requests. This version has one.",
    v.literal(1, "1 (more threads are not supported by this version of emend)"),
    1,
  ),
  patch_max: withDefault("Longest upload of a patch; a longer one gets 413.", byteSize(), "512 MiB"),
  release_header: withDefault(
    "Send x-emend-release: the first 12 hex digits of the content digest that answered.",
    flag(),
    true,
  ),
  trusted_proxies: withDefault(
    "IP addresses and CIDR ranges whose X-Forwarded-For is believed.",
    v.array(text("an IP address or a range", checkIpRange), "a list of IP addresses and ranges"),
    [],
  ),
  tls: maybe("Answer the sites over TLS.", tls),
  admin_tls: maybe("Answer the admin API over TLS.", tls),
  shutdown_grace_ms: withDefault(
    "How long requests in flight may take to finish when the node stops, in milliseconds.",
    integer(0, 3_600_000),
    10_000,
  ),
  log: withDefault("The log, on stdout.", log, {}),
});

const mount = table("A directory of the machine that the site's guests see.", {
  host: required("The directory, relative to the one of emend.toml.", diskPath()),
  guest: required(
    "What guests know it by, such as /data.",
    text("an absolute path", checkGuestPath, guestPathPattern),
  ),
  mode: withDefault(
    '"ro": for reading only. "rw": guests may change what is in it.',
    v.picklist(["ro", "rw"] as const, '"ro" or "rw"'),
    "ro",
  ),
});

const publicKeys = v.pipe(
  v.array(text("a minisign public key", checkPublicKey, publicKeyPattern), "a list of minisign public keys"),
  v.check((list) => new Set(list).size === list.length, "each key once"),
);

const site = table(
  "One site of the node.",
  {
    name: withDefault(
      "Its name in the admin API, the log and patches.",
      patternText(
        "a name: letters, digits, . _ - and at most 64 of them",
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      ),
      "default",
    ),
    hosts: withDefault(
      'Hosts that it answers: names, *.example.com, or "*" for all others. Case and port do not matter.',
      v.pipe(
        v.array(text("a host", checkHostPattern), "a list of hosts"),
        v.nonEmpty('at least one host; "*" stands for all'),
      ),
      ["*"],
    ),
    dir: maybe(
      "Its directory, relative to the one of emend.toml. The site that the executable embeds when left out.",
      diskPath(),
    ),
    mount: withDefault(
      "Directories of the machine for its guests.",
      v.pipe(
        v.array(mount, "a list of [[site.mount]] tables"),
        v.rawCheck((context) => findRepeated(context, "guest")),
      ),
      [],
    ),
    limits: withDefault("What the site may take of the node.", siteLimitsTable, {}),
    keys: withDefault(
      "Minisign public keys that may patch the site: the second line of a .pub file.",
      publicKeys,
      [],
    ),
    keys_threshold: withDefault("How many of the keys have to have signed a patch.", integer(1, 100), 1),
    retired_keys: withDefault(
      "Keys that may not patch the site any more, whoever else signs.",
      publicKeys,
      [],
    ),
    keep_releases: withDefault(
      "Releases that are kept to go back to, with the one that runs.",
      integer(1, 1000),
      5,
    ),
    watch: withDefault("After a commit: when the release before comes back by itself.", watchTable, {}),
    canary: withDefault("How a release is tried on a part of the clients.", canaryTable, {}),
  },
  ["upstreams", "listener"],
);

const nodeFile = table("A node: its listeners and its sites (emend.toml).", {
  server: withDefault("What the node listens on.", v.pipe(server, v.rawCheck(findFightingListeners)), {}),
  site: withDefault(
    "The sites of the node; one that answers every host when left out.",
    v.pipe(
      v.array(v.pipe(site, v.rawCheck(findFalseKeys)), "a list of [[site]] tables"),
      v.nonEmpty("at least one [[site]]"),
      v.rawCheck(findSharedNames),
    ),
    [{}],
  ),
});

/** The schema of emend.toml. */
export const nodeSchema: v.GenericSchema<unknown, NodeConfig> = v.pipe(nodeFile, v.transform(toNodeConfig));

/** An emend.toml, or all of its errors. Never throws. */
export function checkNodeConfig(toml: string): ConfigVerdict<NodeConfig> {
  return checkConfig(nodeSchema, toml);
}

/** An emend.toml; `file` is how errors name it. Throws `node.config`, listing every error. */
export function parseNodeConfig(toml: string, file: string): NodeConfig {
  return configOrThrow(checkNodeConfig(toml), "node.config", file);
}

function toNodeConfig({ server, site }: v.InferOutput<typeof nodeFile>): NodeConfig {
  return {
    server: {
      addr: server.addr,
      admin: server.admin,
      adminHosts: server.admin_hosts.map((host) => host.toLowerCase()),
      threads: server.threads,
      patchBytesMax: server.patch_max,
      releaseHeader: server.release_header,
      trustedProxies: server.trusted_proxies,
      tls: toTlsFiles(server.tls),
      adminTls: toTlsFiles(server.admin_tls),
      shutdownGraceMs: server.shutdown_grace_ms,
      log: { format: server.log.format, redact: server.log.redact.map((name) => name.toLowerCase()) },
    },
    sites: site.map((file) => ({
      name: file.name,
      hosts: file.hosts.map((host) => host.toLowerCase()),
      dir: file.dir,
      mounts: file.mount.map(({ host, guest, mode }) => ({ host, guest, readOnly: mode === "ro" })),
      limits: file.limits,
      keys: file.keys,
      keysThreshold: file.keys_threshold,
      retiredKeys: file.retired_keys,
      keepReleases: file.keep_releases,
      watch: file.watch,
      canary: file.canary,
    })),
  };
}

function toTlsFiles(file: v.InferOutput<typeof tls> | undefined): TlsFiles | undefined {
  return file === undefined ? undefined : { certFile: file.cert, keyFile: file.key };
}

function toAddress(text: string): ListenAddress {
  const parsed = parseListenAddress(text);
  if (parsed === undefined) throw new Error(`not checked before: ${text}`);
  return parsed;
}

/** Two listeners must not ask for one port. Runs on a table with errors in it too, so it trusts no field. */
function findFightingListeners<Server>({ dataset, addIssue }: v.RawCheckContext<Server>): void {
  if (!isTable(dataset.value)) return;
  const input = dataset.value;
  const { addr, admin } = input;
  if (!isAddress(addr) || !isAddress(admin) || !isSameListener(addr, admin)) return;
  addIssue({
    message: `expected another port than that of server.addr, got ${admin.port}`,
    path: [{ type: "object", origin: "value", input, key: "admin", value: admin }],
  });
}

function isAddress(value: unknown): value is ListenAddress {
  return isTable(value) && typeof value.port === "number";
}

/** No two sites share a name, no host belongs to two. Runs on tables with errors in them too. */
function findSharedNames<Sites>({ dataset, addIssue }: v.RawCheckContext<Sites>): void {
  const list: unknown = dataset.value;
  if (!Array.isArray(list)) return;
  const owners = new Map<string, number>();
  for (const [index, site] of list.entries()) {
    if (!isTable(site)) continue;
    const hosts: unknown[] = Array.isArray(site.hosts) ? site.hosts : [];
    const claims = [
      { key: "name", claim: site.name },
      ...hosts.map((host) => ({ key: "hosts", claim: host })),
    ];
    for (const { key, claim } of claims) {
      if (typeof claim !== "string") continue;
      const id = `${key} ${key === "hosts" ? claim.toLowerCase() : claim}`;
      const owner = owners.get(id);
      owners.set(id, owner ?? index);
      if (owner === undefined) continue;
      addIssue({
        message: `expected a ${key === "hosts" ? "host" : key} that no site has yet, got ${describe(claim)}, which site[${owner}] has`,
        path: [
          { type: "array", origin: "value", input: list, key: index, value: site },
          { type: "object", origin: "value", input: site, key, value: site[key] },
        ],
      });
    }
  }
}

/** No key is retired and in use, and there are as many as have to sign. Runs on a table with errors in it too. */
function findFalseKeys<Site>({ dataset, addIssue }: v.RawCheckContext<Site>): void {
  if (!isTable(dataset.value)) return;
  const input = dataset.value;
  const keys: unknown[] = Array.isArray(input.keys) ? input.keys : [];
  const retired: unknown[] = Array.isArray(input.retired_keys) ? input.retired_keys : [];
  const { keys_threshold: threshold } = input;
  if (typeof threshold === "number" && threshold > Math.max(1, keys.length)) {
    addIssue({
      message: `expected at most as many as there are keys, ${keys.length}, got ${threshold}`,
      path: [{ type: "object", origin: "value", input, key: "keys_threshold", value: threshold }],
    });
  }
  const both = retired.find((key) => keys.includes(key));
  if (both === undefined) return;
  addIssue({
    message: `expected none of keys, got ${describe(both)}`,
    path: [{ type: "object", origin: "value", input, key: "retired_keys", value: retired }],
  });
}

/** No two tables of a list have the same `key`. Runs on tables with errors in them too. */
function findRepeated<Tables>({ dataset, addIssue }: v.RawCheckContext<Tables>, key: string): void {
  const list: unknown = dataset.value;
  if (!Array.isArray(list)) return;
  const owners = new Map<unknown, number>();
  for (const [index, each] of list.entries()) {
    if (!isTable(each)) continue;
    const value = each[key];
    const owner = owners.get(value);
    owners.set(value, owner ?? index);
    if (owner === undefined || typeof value !== "string") continue;
    addIssue({
      message: `expected a ${key} that no table before has, got ${describe(value)}, as in the one with index ${owner}`,
      path: [
        { type: "array", origin: "value", input: list, key: index, value: each },
        { type: "object", origin: "value", input: each, key, value },
      ],
    });
  }
}
