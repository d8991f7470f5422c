/**
 * A site directory as a release (release-and-patch, "What enters a release from a directory").
 *
 * With a `site.toml`: that file, the modules it names, the directory of its `[assets]` and what the `files` of its
 * routes match. Without one: `public/` and the `*.wasm` at the top. What never enters is in never-enters.ts, how links are treated in walk.ts.
 */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkPaths, contentDigest, sortedByPath } from "../bytes/index.ts";
import type { SiteConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import { releaseFilesMax } from "../limits.ts";
import { hashFile } from "./hash-file.ts";
import { withIoErrors } from "./io-error.ts";
import { isStateDirectory, whyPathNeverEnters } from "./never-enters.ts";
import { type Release, type ReleaseFile, siteConfigName } from "./release.ts";
import { type FoundFile, findFile, type LeftOut, tooManyFiles, walkDirectory } from "./walk.ts";

/** A release whose bytes lie in a directory, with what the directory holds and the release does not. */
export type CollectedSite = Release & {
  /** The directory, as a real path. */
  readonly root: string;
  readonly leftOut: readonly LeftOut[];
};

/** The directory that is served when there is no `site.toml`. */
const defaultAssetsDirectory = "public";

/**
 * Reads a site directory: finds what enters, hashes it, parses its configuration. The bytes stay on disk.
 * Throws `io`, `site.config`, `patch.path` and `release.changed`.
 */
export async function collectDirectory(directory: string): Promise<CollectedSite> {
  const root = realDirectory(directory);
  const leftOut: LeftOut[] = [];
  const isConfigured = exists(join(root, siteConfigName));
  const configured = await (isConfigured ? findConfigured(root, leftOut) : findDefault(root, leftOut));
  if (configured.found.size > releaseFilesMax) throw tooManyFiles(root);
  checkPaths(configured.found.keys());

  const files = new Map<string, ReleaseFile>();
  for (const { path, file } of sortedByPath(configured.found.values())) {
    const { size, sha256, unchanged } = await hashFile(file);
    files.set(path, { path, size, sha256, blob: Bun.file(file), unchanged });
  }
  const digest = contentDigest(files.values());
  // Globs may go over the same names.
  const passedOver = new Map(leftOut.map((each) => [each.path, each]));
  return { root, digest, config: configured.config, files, leftOut: sortedByPath(passedOver.values()) };
}

type Configured = { readonly config: SiteConfig; readonly found: Map<string, FoundFile> };

async function findConfigured(root: string, leftOut: LeftOut[]): Promise<Configured> {
  // Not loaded with this module: an executable that serves its own site starts without the room of configuration.
  const { parseSiteConfig } = await import("../config/index.ts");
  const found = new Map<string, FoundFile>();
  const own = findFile(root, siteConfigName);
  found.set(siteConfigName, own);
  const toml = withIoErrors("read", own.file, () => readFileSync(own.file, "utf8"));
  const config = parseSiteConfig(toml, join(root, siteConfigName));
  for (const { module } of config.routes) found.set(module, findModule(root, module));
  for (const file of findAssets(root, config.assets.dir, leftOut)) found.set(file.path, file);
  for (const glob of new Set(config.routes.flatMap(({ files }) => files))) {
    for (const file of findMatches(root, glob, leftOut)) found.set(file.path, file);
  }
  return { config, found };
}

async function findDefault(root: string, leftOut: LeftOut[]): Promise<Configured> {
  const { defaultSiteConfig } = await import("../config/index.ts");
  const found = new Map<string, FoundFile>();
  for (const name of withIoErrors("read the directory", root, () => readdirSync(root))) {
    if (!name.endsWith(".wasm") || name.startsWith(".")) continue;
    found.set(name, findFile(root, name));
  }
  for (const file of findAssets(root, defaultAssetsDirectory, leftOut)) found.set(file.path, file);
  if (found.size === 0) {
    throw new EmendError(
      "site.config",
      `${root} holds no site: expected ${siteConfigName}, ${defaultAssetsDirectory}/ with files, or a NAME.wasm`,
    );
  }
  return { config: defaultSiteConfig([...found.keys()]), found };
}

function findModule(root: string, module: string): FoundFile {
  const refuse = (reason: string) =>
    new EmendError(
      "site.config",
      `${join(root, siteConfigName)}: module ${JSON.stringify(module)}: ${reason}`,
    );
  const reason = whyPathNeverEnters(root, module);
  if (reason !== null) throw refuse(`this path never enters a release (${reason})`);
  if (!exists(join(root, module))) throw refuse(`there is no such file in ${root}`);
  return findFile(root, module);
}

function findAssets(root: string, path: string, leftOut: LeftOut[]): FoundFile[] {
  const directory = join(root, path);
  if (!exists(directory)) return [];
  if (withIoErrors("read", directory, () => realpathSync(directory)) !== directory) {
    throw new EmendError("io", `${directory}: the directory of assets must not be behind a symbolic link`);
  }
  if (isStateDirectory(directory)) {
    throw new EmendError("site.config", `${directory}: expected assets, found the state of a node`);
  }
  return walkDirectory(root, path, leftOut);
}

/** What a route's guests see. Only the directory is searched that every match lies in. */
function findMatches(root: string, glob: string, leftOut: LeftOut[]): FoundFile[] {
  const segments = glob.split("/");
  const firstOpen = segments.findIndex((segment) => /[*?[{\\]/.test(segment));
  const path = segments.slice(0, firstOpen < 0 ? -1 : firstOpen).join("/");
  const reason = path === "" ? null : whyPathNeverEnters(root, path);
  if (reason !== null) {
    leftOut.push({ path: `${path}/`, reason });
    return [];
  }
  const directory = join(root, path);
  if (!exists(directory) || !withIoErrors("read", directory, () => statSync(directory)).isDirectory())
    return [];
  const matcher = new Bun.Glob(glob);
  return walkDirectory(root, path, leftOut, (file) => matcher.match(file));
}

function realDirectory(directory: string): string {
  const real = withIoErrors("read the site", directory, () => realpathSync(directory));
  if (withIoErrors("read the site", directory, () => statSync(real)).isDirectory()) return real;
  throw new EmendError("io", `cannot read the site ${directory}: expected a directory, found a file`);
}

function exists(path: string): boolean {
  return withIoErrors("read", path, () => lstatSync(path, { throwIfNoEntry: false })) !== undefined;
}
