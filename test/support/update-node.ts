/**
 * A whole node in this process whose sites can be patched, and the publisher of its sites.
 *
 * @example
 * ```ts
 * await using node = await startUpdateNode({ sites: { default: { "index.html": "one" } } });
 * const patch = await node.publisher().patch({ "index.html": "one" }, { "index.html": "two" });
 * expect(await node.push(patch)).toMatchObject({ status: "applied" });
 * ```
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentDigest, type ListedFile, sha256Hex } from "../../src/bytes/index.ts";
import { defaultNodeConfig, defaultNodeSite } from "../../src/config/defaults.ts";
import { defaultSiteConfig, type NodeSite, parseSiteConfig } from "../../src/config/index.ts";
import { diffFiles, type SetFile } from "../../src/delta/index.ts";
import { createLogger } from "../../src/log/index.ts";
import type { Release, ReleaseFile } from "../../src/release/index.ts";
import { type RunningNode, type SiteSource, startNode } from "../../src/runtime.ts";
import {
  describeChanges,
  encodeManifest,
  encodePatch,
  type SecretKey,
  signManifest,
} from "../../src/signing/index.ts";
import { openState } from "../../src/state/index.ts";
import { formatInstant, type Manifest } from "../../src/trust/index.ts";
import type { Clock } from "../../src/update/index.ts";
import type { LoggedRecord } from "./serve-sites.ts";
import { keys } from "./signed-patches.ts";

/** The files of a release, by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface UpdateNodeOptions {
  /** What the node is started with, by site. A function is asked each time. */
  readonly sites: Readonly<Record<string, Files | (() => Files)>>;
  /** A directory that is watched, in which a change means that what the functions say may be another. */
  readonly watched?: string;
  /** Where it keeps its state; in memory when left out. */
  readonly dir?: string;
  readonly clock?: Clock;
  /** What of the operator's part is otherwise than the defaults; for each site. */
  readonly site?: Partial<NodeSite>;
}

/** An answer of the admin API. */
export interface AdminAnswer {
  readonly http: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they want of it
  readonly body: any;
}

export interface UpdateNode extends AsyncDisposable {
  readonly running: RunningNode;
  readonly url: string;
  readonly records: () => Promise<LoggedRecord[]>;
  /** A call of the admin API as the operator. */
  readonly admin: (method: string, path: string, body?: string | Blob) => Promise<AdminAnswer>;
  /** Pushes a patch; `query` as in `?dry-run=1`. */
  readonly push: (patch: Uint8Array, query?: string, site?: string) => Promise<AdminAnswer>;
  /** The status of a site's updates. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they want of it
  readonly status: (site?: string) => Promise<any>;
  /** The body of an answer of a site, and which release it came from. */
  readonly get: (
    path: string,
    site?: string,
  ) => Promise<{ http: number; text: string; release: string | null }>;
  readonly stop: () => Promise<void>;
}

/** A directory that is removed with the test. */
export function temporaryState(): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), "emend-update-"));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A release in memory. Without a site.toml it is served as a directory without one would be. */
export function releaseOf(files: Files): Release {
  const entries = Object.entries(files).map(([path, data]): ReleaseFile => {
    const bytes = bytesOf(data);
    return { path, size: bytes.length, sha256: sha256Hex(bytes), blob: new Blob([bytes]) };
  });
  const toml = files["site.toml"];
  return {
    digest: contentDigest(entries),
    config:
      toml === undefined
        ? defaultSiteConfig(Object.keys(files))
        : parseSiteConfig(new TextDecoder().decode(bytesOf(toml)), "site.toml"),
    files: new Map(entries.map((entry) => [entry.path, entry])),
  };
}

/** Starts a node on free ports of 127.0.0.1. Alice may patch its sites, which answer to `NAME.test`. */
export async function startUpdateNode(options: UpdateNodeOptions): Promise<UpdateNode> {
  const lines: string[] = [];
  const logger = createLogger({
    format: "json",
    redact: [],
    write: (text) => {
      lines.push(...text.split("\n").filter(Boolean));
      return undefined;
    },
  });
  const names = Object.keys(options.sites);
  const state = openState({
    dir: options.dir ?? "",
    ephemeral: options.dir === undefined,
    environment: { EMEND_TOKEN: "the-token-of-the-tests" },
  });
  const running = await startNode({
    version: "0.0.0-test",
    config: {
      ...defaultNodeConfig(),
      server: {
        ...defaultNodeConfig().server,
        addr: { hostname: "127.0.0.1", port: 0 },
        admin: { hostname: "127.0.0.1", port: 0 },
        shutdownGraceMs: 0,
      },
    },
    sources: names.map((name) => sourceOf(name, names.length === 1, options)),
    ...{ state, logger, watch: options.watched !== undefined },
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const admin = async (method: string, path: string, body?: string | Blob): Promise<AdminAnswer> => {
    const headers = {
      authorization: `Bearer ${state.token}`,
      ...(typeof body === "string" ? { "content-type": "application/json" } : {}),
    };
    const response = await fetch(new URL(path, running.admin ?? ""), {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return { http: response.status, body: await response.json() };
  };
  let isRunning = true;
  const stop = async (): Promise<void> => {
    if (isRunning) await running.stop("the test");
    isRunning = false;
  };
  return {
    running,
    url: running.url,
    records: async () => {
      await logger.flush();
      return lines.map((line) => JSON.parse(line));
    },
    admin,
    push: (patch, query = "", site = names[0]!) =>
      admin("POST", `/v1/sites/${site}/patches${query}`, new Blob([patch])),
    status: async (site = names[0]!) => {
      const { body } = await admin("GET", "/v1/status");
      return body.sites.find((each: { site: string }) => each.site === site);
    },
    get: async (path, site = names[0]!) => {
      const response = await fetch(new URL(path, running.url), { headers: { host: `${site}.test` } });
      return {
        http: response.status,
        text: await response.text(),
        release: response.headers.get("x-emend-release"),
      };
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function sourceOf(name: string, isOnly: boolean, { sites, site, watched }: UpdateNodeOptions): SiteSource {
  const files = sites[name]!;
  const config = { ...defaultNodeSite(), keys: [keys.alice.publicKey.text], ...site };
  return {
    site: name,
    hosts: isOnly ? ["*"] : [`${name}.test`],
    mounts: [],
    limits: config.limits,
    rules: {
      keys: { keys: config.keys, retired: config.retiredKeys, threshold: config.keysThreshold },
      keepReleases: config.keepReleases,
      watch: config.watch,
      canary: config.canary,
    },
    load: async () => releaseOf(typeof files === "function" ? files() : files),
    directory: watched,
    reloads: typeof files === "function",
  };
}

/** What a patch says beside its files. */
export type PatchWords = Partial<Omit<Manifest, "format" | "files" | "to">> & {
  readonly signers?: readonly SecretKey[];
};

/** Sequences that only grow. */
let lastSequence = 1_763_900_000;

/** A patch from one set of files to another; `from: null` sends everything whole. */
export async function publish(from: Files | null, to: Files, words: PatchWords = {}): Promise<Uint8Array> {
  const { signers = [keys.alice], ...said } = words;
  const { files, payloads } = await changesBetween(from ?? nothing, to);
  lastSequence++;
  const manifest: Manifest = {
    ...{ format: 1, site: "default", strict: false },
    from: from === null ? null : contentDigest(setOf(from)),
    to: contentDigest(setOf(to)),
    sequence: lastSequence,
    created: formatInstant(Date.now()),
    ...{ expires: null, recipient: null, label: null },
    ...said,
    files,
  };
  const bytes = encodeManifest(manifest);
  return encodePatch(
    bytes,
    payloads,
    signers.map((signer) => signManifest(bytes, signer, "a test")),
  );
}

const nothing: Files = {};

/** Made once for the same two sets: the same step is often published again, under another sequence. */
const changes = new WeakMap<Files, WeakMap<Files, Promise<ReturnType<typeof describeChanges>>>>();

function changesBetween(from: Files, to: Files): Promise<ReturnType<typeof describeChanges>> {
  const known = changes.get(from) ?? new WeakMap<Files, Promise<ReturnType<typeof describeChanges>>>();
  changes.set(from, known);
  const made = known.get(to) ?? diffFiles(setOf(from), setOf(to)).then(describeChanges);
  known.set(to, made);
  return made;
}

function setOf(files: Files): (SetFile & ListedFile)[] {
  return Object.entries(files).map(([path, data]) => {
    const bytes = bytesOf(data);
    return { path, size: bytes.length, sha256: sha256Hex(bytes), read: () => bytes };
  });
}

function bytesOf(data: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
}
