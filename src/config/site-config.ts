/**
 * site.toml: what a site is made of. It travels inside the release and is patched with it, so nothing in it can
 * give the site more than the node's operator allows (that is emend.toml).
 *
 * The tables below are the one source: validation, defaults, JSON Schema and the CRD come from them, and the
 * compiler holds the types beside them to what they put out. Every key of the file is snake_case, of the
 * result camelCase. Keys of the contract whose feature this version lacks are listed as `later`.
 */
import * as v from "valibot";
import { type ArgvTemplate, argvDescription, argvTemplate } from "./argv-template.ts";
import { checkGlob } from "./asset-glob.ts";
import { type BreakerConfig, breakerTable } from "./breaker.ts";
import { byteSize } from "./byte-size.ts";
import { type ConfigVerdict, checkConfig, checkDocument, configOrThrow } from "./check-config.ts";
import { checkHeaderName, checkHeaderValue } from "./header-field.ts";
import { type ProbeConfig, probeTable } from "./probe.ts";
import { checkModulePath, checkReleasePath } from "./release-path.ts";
import { findRivals, type RouteMethod, routeMethods } from "./rival-routes.ts";
import { checkRoutePath, routePathPattern } from "./route-path.ts";
import { anyText, flag, integer, maybe, patternText, required, text, withDefault } from "./scalar.ts";
import { dictionary, isTable, table } from "./table.ts";

/** A site: its routes in the order of the file, and its assets. */
export type SiteConfig = { readonly routes: readonly RouteConfig[]; readonly assets: AssetsConfig };

/** One route: a path that a module answers. */
export type RouteConfig = {
  /** `/exact`, with `:param` segments and a trailing `/*`. */
  readonly path: string;
  /** The module's path in the release. */
  readonly module: string;
  /** Undefined: found from what the module exports. */
  readonly kind: "wagi" | undefined;
  /** Undefined: all methods. GET answers HEAD as well. */
  readonly methods: readonly RouteMethod[] | undefined;
  readonly argv: ArgvTemplate | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Globs over the release's files, which the guest sees under /site. */
  readonly files: readonly string[];
  /** What its private /tmp may hold; 0 is none. */
  readonly scratchBytes: number;
  readonly preload: boolean;
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly cpuMs: number;
  /** What one guest may have, memories and tables together. */
  readonly memoryBytesMax: number;
  readonly bodyMaxBytes: number;
  readonly chunked: boolean;
  readonly maxConcurrency: number;
  readonly breaker: BreakerConfig;
  readonly probe: ProbeConfig | undefined;
};

/** Static files: their directory and what is said about them. Globs are relative to `dir`, in the file's order. */
export type AssetsConfig = {
  readonly dir: string;
  readonly spa: boolean;
  /** Glob to Cache-Control. */
  readonly cache: Readonly<Record<string, string>>;
  /** Glob to headers, their names in lower case. */
  readonly headers: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** A day: no request lasts longer, and timers of JavaScript end at 2^31 ms. */
const dayMs = 86_400_000;

const methods = v.pipe(
  v.array(v.picklist(routeMethods, `one of ${routeMethods.join(", ")}`), "a list of methods"),
  v.nonEmpty("at least one method; leave the key out for all of them"),
  v.check((list) => new Set(list).size === list.length, "each method once"),
);

const env = dictionary(
  patternText("the name of a variable: not empty, without = and NUL", /^[^=\x00]+$/),
  anyText("the value of a variable"),
);

const route = table(
  "A path that a module answers. The most specific path wins, whatever the order.",
  {
    path: required(
      "Where it answers: /exact, /with/:param, or /below/* which matches /below as well.",
      text("a path", checkRoutePath, routePathPattern),
    ),
    module: required(
      "The module's path in the site.",
      text("the path of a module", checkModulePath, "^[^/\\\\].*\\.wasm$"),
    ),
    kind: maybe(
      'How the module is called: "wagi" is a command that speaks CGI. Found by itself when left out.',
      v.pipe(
        v.string('"wagi"'),
        v.check(
          (kind) => kind === "wagi",
          ({ input }) =>
            laterKinds.includes(input)
              ? '"wagi" (others are not supported by this version of emend)'
              : '"wagi"',
        ),
        v.metadata({ enum: ["wagi"] }),
        v.transform(() => "wagi" as const),
      ),
    ),
    methods: maybe("Methods that it answers; others get 405. All when left out; GET answers HEAD.", methods),
    argv: maybe(argvDescription, argvTemplate),
    env: withDefault("Environment of the guest.", env, {}),
    files: withDefault(
      "Globs over the site's files: what they match the guest sees under /site, for reading only.",
      v.array(text("a glob", checkGlob), "a list of globs"),
      [],
    ),
    scratch: withDefault(
      "How much a private /tmp in memory may hold, emptied after each request; 0 is no /tmp.",
      byteSize(),
      "16 MiB",
    ),
    preload: withDefault("Have one instance ready before the first request.", flag(), false),
    timeout_ms: withDefault(
      "How long the guest may take until the head of its response is out, in milliseconds: then 504.",
      integer(1, dayMs),
      1000,
    ),
    idle_ms: withDefault(
      "After the head: how long nothing may move in either direction, in milliseconds, before the connection is cut.",
      integer(1, dayMs),
      10_000,
    ),
    cpu_ms: withDefault(
      "How long the guest may run, waiting not counted, in milliseconds: then 504, or a cut behind the head.",
      integer(1, dayMs),
      200,
    ),
    memory_max: withDefault(
      "Memory of one guest; growing beyond it fails in the guest. At most 4 GiB.",
      byteSize(),
      "64 MiB",
    ),
    body_max: withDefault("Longest body of a request; a longer one gets 413.", byteSize(), "10 MiB"),
    chunked: withDefault(
      "Accept chunked bodies over 1 MiB, with an empty CONTENT_LENGTH; else they get 411.",
      flag(),
      false,
    ),
    max_concurrency: withDefault("Requests that this route answers at once.", integer(1, 10_000), 64),
    breaker: withDefault("The circuit breaker of the route.", breakerTable, {}),
    probe: maybe("What is asked before a release is committed, to see whether it works.", probeTable),
  },
  ["middleware", "config", "isolate", "upstream", "listener"],
);

const headers = v.pipe(
  dictionary(text("the name of a header", checkHeaderName), text("the value of a header", checkHeaderValue)),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!isTable(dataset.value)) return;
    const input = dataset.value;
    const seen = new Set<string>();
    for (const [key, value] of Object.entries(input)) {
      const message = "expected each header once, whatever its case, got it again";
      if (seen.has(key.toLowerCase()))
        addIssue({ message, path: [{ type: "object", origin: "key", input, key, value }] });
      seen.add(key.toLowerCase());
    }
  }),
);

const glob = text("a glob", checkGlob);

const assets = table("Static files, served at / after the routes.", {
  dir: withDefault(
    "Their directory in the site. index.html, extensionless .html and 404.html are found there.",
    text("the path of a directory", checkReleasePath, "^[^/\\\\]"),
    "public",
  ),
  spa: withDefault("Answer unknown paths with index.html, for single-page applications.", flag(), false),
  cache: withDefault(
    "Glob, relative to dir, to the Cache-Control of what it matches.",
    dictionary(glob, text("a value of Cache-Control", checkHeaderValue)),
    {},
  ),
  headers: withDefault(
    "Glob, relative to dir, to further headers of what it matches.",
    dictionary(glob, headers),
    {},
  ),
});

const siteFile = table("A site: its routes and assets (site.toml).", {
  route: withDefault(
    "What modules answer.",
    v.pipe(v.array(route, "a list of [[route]] tables"), v.rawCheck(findRivals)),
    [],
  ),
  assets: withDefault("Static files, served at / after the routes.", assets, {}),
});

/** The schema of site.toml. */
export const siteSchema: v.GenericSchema<unknown, SiteConfig> = v.pipe(siteFile, v.transform(toSiteConfig));

/** A site.toml, or all of its errors. Never throws. */
export function checkSiteConfig(toml: string): ConfigVerdict<SiteConfig> {
  return checkConfig(siteSchema, toml);
}

/** A site.toml; `file` is how errors name it. Throws `site.config`, listing every error. */
export function parseSiteConfig(toml: string, file: string): SiteConfig {
  return configOrThrow(checkSiteConfig(toml), "site.config", file);
}

/**
 * The configuration of a site without a site.toml, from the paths of its files: `NAME.wasm` at the top answers
 * `/NAME` and below, `index.wasm` answers `/` and nothing below, so that it hides none of the assets beside it.
 * Throws `site.config` for a module whose name cannot stand in a path.
 */
export function defaultSiteConfig(paths: readonly string[]): SiteConfig {
  const modules = paths.filter((path) => /^[^./][^/]*\.wasm$/.test(path)).sort();
  const routes = modules.map((module) => {
    const name = module.slice(0, -".wasm".length);
    return { path: name === "index" ? "/" : `/${name}/*`, module };
  });
  const verdict = checkDocument(siteSchema, { route: routes });
  return configOrThrow(verdict, "site.config", "routes from file names (a site.toml could name them)");
}

const laterKinds = ["http-wasm", "socket"];

function toSiteConfig({ route, assets }: v.InferOutput<typeof siteFile>): SiteConfig {
  return { routes: route.map(toRouteConfig), assets: toAssetsConfig(assets) };
}

function toRouteConfig(file: v.InferOutput<typeof route>): RouteConfig {
  return {
    path: file.path,
    module: file.module,
    kind: file.kind,
    methods: file.methods,
    argv: file.argv,
    env: file.env,
    files: file.files,
    scratchBytes: file.scratch,
    preload: file.preload,
    timeoutMs: file.timeout_ms,
    idleMs: file.idle_ms,
    cpuMs: file.cpu_ms,
    memoryBytesMax: file.memory_max,
    bodyMaxBytes: file.body_max,
    chunked: file.chunked,
    maxConcurrency: file.max_concurrency,
    breaker: file.breaker,
    probe: file.probe,
  };
}

function toAssetsConfig({ dir, spa, cache, headers }: v.InferOutput<typeof assets>): AssetsConfig {
  const lowered = Object.entries(headers).map(([glob, fields]) => [
    glob,
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value])),
  ]);
  return { dir, spa, cache, headers: Object.fromEntries(lowered) };
}
