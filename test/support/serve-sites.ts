/**
 * Sites served in this process, for the tests of the data plane: a lane on 127.0.0.1 with a free port, and
 * what it logged.
 *
 * @example
 * ```ts
 * const site = await serveSite({ files: { "hello.wasm": kitGuest("c-hello") } });
 * afterAll(() => site.stop());
 * const response = await fetch(`${site.url}/hello`);
 * await site.record((record) => record.status === 200);
 * ```
 */
import { sha256Hex } from "../../src/bytes/index.ts";
import { defaultSiteLimits } from "../../src/config/defaults.ts";
import {
  defaultSiteConfig,
  parseSiteConfig,
  type SiteLimits,
  type SiteMount,
} from "../../src/config/index.ts";
import type { PoolStatus } from "../../src/guest/index.ts";
import type { SiteContent, SiteFile } from "../../src/http/index.ts";
import { Lane, type SiteGrants } from "../../src/lane/index.ts";
import { drainMsMax } from "../../src/limits.ts";
import { createLogger } from "../../src/log/index.ts";
import { contentDigest } from "../../src/release/index.ts";
import { openMounts } from "../../src/site-mounts.ts";

/** What a site is made of. Without `toml` it is served as a directory without a site.toml would be. */
export interface SiteUnderTest {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly toml?: string;
  /** "default" when left out. */
  readonly name?: string;
  /** Every host when left out. */
  readonly hosts?: readonly string[];
  readonly mounts?: readonly SiteMount[];
  /** What of [site.limits] is otherwise than the defaults. */
  readonly limits?: Partial<SiteLimits>;
}

/** For site.toml: a breaker that tests of failing guests do not open. */
export const patientBreaker = "breaker = { failures = 1000000, min_requests = 1000000 }\n";

/** A line of the JSON log. */
export type LoggedRecord = { readonly event: string } & Readonly<Record<string, unknown>>;

export interface ServedSites {
  readonly url: string;
  readonly port: number;
  readonly lane: Lane;
  /** All that was logged up to now. */
  readonly records: () => Promise<LoggedRecord[]>;
  /** The first record that `wanted` accepts; waits for it up to 3 s. */
  readonly record: (wanted: (record: LoggedRecord) => boolean) => Promise<LoggedRecord>;
  /** The pools of a site by module; of the first one when `site` is left out. */
  readonly pools: (site?: string) => Readonly<Record<string, PoolStatus>>;
  readonly stop: () => Promise<void>;
}

/** What of emend.toml a test may want otherwise. */
export interface ServeOptions {
  /** As `--watch` has it. */
  readonly costHeader?: boolean;
  readonly trustedProxies?: readonly string[];
  /** How long requests may go on with a release that was let go. */
  readonly drainMs?: number;
}

/** Serves one site. */
export function serveSite(site: SiteUnderTest, options?: ServeOptions): Promise<ServedSites> {
  return serveSites([site], options);
}

/** Serves several sites, told apart by their hosts. @throws EmendError as `Lane.prepare` does. */
export async function serveSites(
  sites: readonly SiteUnderTest[],
  { costHeader = false, trustedProxies = [], drainMs = drainMsMax }: ServeOptions = {},
): Promise<ServedSites> {
  const lines: string[] = [];
  const logger = createLogger({
    format: "json",
    redact: [],
    write: (text) => {
      lines.push(...text.split("\n").filter(Boolean));
      return undefined;
    },
  });
  const lane = new Lane({ logger, releaseHeader: true, costHeader, drainMs });
  for (const site of sites) {
    const prepared = await lane.prepare(site.name ?? "default", siteContent(site), await siteGrants(site));
    lane.addSite(prepared, site.hosts ?? ["*"]);
  }
  const server = lane.listen({ hostname: "127.0.0.1", port: 0, trustedProxies });
  const records = async (): Promise<LoggedRecord[]> => {
    await logger.flush();
    return lines.map((line) => JSON.parse(line));
  };
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    lane,
    records,
    record: (wanted) =>
      waitFor("a record in the log", async () => (await records()).find((each) => wanted(each))),
    pools: (name) => {
      const found = lane.status().find(({ site }) => name === undefined || site === name);
      return found?.pools ?? {};
    },
    stop: () => server.stop(0),
  };
}

/** What the operator gives a site. */
export async function siteGrants({
  mounts = [],
  limits = {},
}: Pick<SiteUnderTest, "limits" | "mounts">): Promise<SiteGrants> {
  return { mounts: await openMounts(mounts), limits: { ...defaultSiteLimits(), ...limits } };
}

/** The content of a site, as a release would hand it to a lane. */
export function siteContent({ files, toml }: SiteUnderTest): SiteContent {
  const entries = Object.entries(files).map(([path, data]): SiteFile => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
    return { path, size: bytes.length, sha256: sha256Hex(bytes), blob: new Blob([bytes]) };
  });
  return {
    digest: contentDigest(entries),
    config: toml === undefined ? defaultSiteConfig(Object.keys(files)) : parseSiteConfig(toml, "site.toml"),
    files: new Map(entries.map((entry) => [entry.path, entry])),
  };
}

/** Asks until there is an answer. @throws Error after `waitMs`. */
export async function waitFor<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  waitMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`${what}: nothing in ${waitMs} ms`);
    await Bun.sleep(5);
  }
}
