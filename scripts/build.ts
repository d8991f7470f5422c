/**
 * `npm run build`: the executable of this machine, `dist/emend`. `npm run build -- --target linux-arm64` (may be
 * given several times) makes that of another platform, `dist/emend-linux-arm64`.
 *
 * Bun compiles the bare runtime; `assets/` is appended by the code that `emend build` runs on a device. The
 * demonstration patch (`patches/`) is made beside it.
 */

import { openSync, readSync, rmSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkModules } from "../src/cli/check-modules.ts";
import { messageOf } from "../src/errors.ts";
import {
  collectDirectory,
  contentDigest,
  hashFile,
  readPayload,
  writePayload,
} from "../src/release/index.ts";
import { version } from "../src/version.ts";
import { buildAssets } from "./build-assets.ts";
import { buildDemoPatch } from "./build-demo-patch.ts";

/**
 * commander loads node:child_process for subcommands that are programs of their own, which emend has none of.
 * Loading it takes as long as half of what a start may.
 */
const withoutChildProcess: Bun.BunPlugin = {
  name: "without-child-process",
  setup: (builder) => {
    builder.onResolve({ filter: /^(?:node:)?child_process$/ }, ({ importer }) =>
      importer.includes("/commander/") ? { path: "child_process", namespace: "absent" } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: "absent" }, () => ({
      contents: "module.exports = {};",
      loader: "js",
    }));
  },
};

/** Platforms by the name that `--target` takes. Their runtimes, but for this machine's, are packages of npm. */
const runtimes = {
  "linux-x64": { target: "bun-linux-x64", package: "@oven/bun-linux-x64" },
  "linux-arm64": { target: "bun-linux-arm64", package: "@oven/bun-linux-aarch64" },
  "linux-x64-musl": { target: "bun-linux-x64-musl", package: "@oven/bun-linux-x64-musl" },
  "linux-arm64-musl": { target: "bun-linux-arm64-musl", package: "@oven/bun-linux-aarch64-musl" },
  "darwin-arm64": { target: "bun-darwin-arm64", package: "@oven/bun-darwin-aarch64" },
} as const;

type Platform = keyof typeof runtimes;

const root = join(import.meta.dir, "..");

/**
 * Makes `dist/emend` unless it is there and of these very sources and assets. Returns its path.
 *
 * @throws Error of the compiler, EmendError when a module of `assets/` could not be served.
 */
export async function buildExecutable(): Promise<string> {
  await buildAssets();
  const output = join(root, "dist/emend");
  if (!(await isUpToDate(output))) await build(undefined);
  await buildDemoPatch();
  return output;
}

async function main(): Promise<number> {
  const platforms = readArguments();
  if (platforms === null) return 2;
  await buildAssets();
  let failed = 0;
  for (const platform of platforms) {
    try {
      await build(platform);
    } catch (error) {
      process.stderr.write(`${platform ?? "this machine"}: not built: ${reasonOf(error, platform)}\n`);
      failed += 1;
    }
  }
  await buildDemoPatch();
  return failed === 0 ? 0 : 1;
}

/** The platforms to build for; `undefined` stands for this machine. Null after wrong usage. */
function readArguments(): (Platform | undefined)[] | null {
  const known = Object.keys(runtimes).join(", ");
  try {
    const { values } = parseArgs({ options: { target: { type: "string", multiple: true } } });
    for (const target of values.target ?? []) {
      if (!Object.hasOwn(runtimes, target)) throw new Error(`expected --target ${known}; got ${target}`);
    }
    return (values.target as Platform[] | undefined) ?? [undefined];
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return null;
  }
}

async function build(platform: Platform | undefined): Promise<void> {
  const startedMs = performance.now();
  await mkdir(join(root, "dist"), { recursive: true });
  const output = join(root, "dist", platform === undefined ? "emend" : `emend-${platform}`);
  const bare = `${output}.bare`;
  try {
    await compile(bare, platform);
    const runtime = {
      version: version,
      platform: platform ?? hostPlatform(),
      build: await buildId(),
    };
    const base = { file: bare, name: bare, runtime, runtimeBytes: statSync(bare).size, isSameBuild: true };
    const site = await collectDirectory(join(root, "assets"));
    const rewritten = await checkModules(site);
    const bytes = await writePayload(base, site, output, [], rewritten);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(
      `${output}: ${bytes} bytes, ${runtime.platform}, ${site.files.size} files of ${site.digest}, ${seconds} s`,
    );
  } finally {
    rmSync(bare, { force: true });
  }
}

async function isUpToDate(executable: string): Promise<boolean> {
  try {
    const { runtime, digest } = readPayload({ file: executable, name: executable });
    const assets = await collectDirectory(join(root, "assets"));
    return runtime.build === (await buildId()) && digest === assets.digest;
  } catch {
    // Whatever is wrong with it, or with the assets, is for the build to find.
    return false;
  }
}

async function compile(outfile: string, platform: Platform | undefined): Promise<void> {
  await Bun.build({
    entrypoints: ["main.ts", "wasi/files/host/disk-worker.ts", "update/update-worker.ts"].map((entry) =>
      join(root, "src", entry),
    ),
    // Beside the chunks: there the code that starts a worker finds its program by the name that it has in the sources.
    naming: { entry: "[name].[ext]" },
    minify: true,
    format: "esm",
    bytecode: true,
    // A chunk for what a command loads later: `emend serve` does not read the bytecode of `emend diff`.
    splitting: true,
    plugins: [withoutChildProcess],
    compile: {
      outfile,
      // What lies in the directory where a node is started must not become part of it.
      autoloadBunfig: false,
      autoloadDotenv: false,
      ...(platform === undefined ? {} : { target: runtimes[platform].target }),
    },
  });
}

/** The name of this machine's platform. Which C library it has is what the running Bun was linked to. */
function hostPlatform(): string {
  const head = Buffer.alloc(4096);
  readSync(openSync(process.execPath, "r"), head);
  const suffix = head.includes("/ld-musl-") ? "-musl" : "";
  return `${process.platform}-${process.arch}${suffix}`;
}

/** Names what was compiled: executables of one id understand each other's parsed configuration. */
async function buildId(): Promise<string> {
  const sources = await Array.fromAsync(new Bun.Glob("src/**/*").scan({ cwd: root }));
  const files = ["package-lock.json", "scripts/build.ts", ...sources].map(async (path) => ({
    path,
    ...(await hashFile(join(root, path))),
  }));
  return contentDigest(await Promise.all(files)).slice("sha256:".length, "sha256:".length + 12);
}

function reasonOf(error: unknown, platform: Platform | undefined): string {
  const all = error instanceof AggregateError ? error.errors.map(messageOf) : [];
  const reason = [messageOf(error), ...all].join("\n  ");
  if (platform === undefined) return reason;
  return `${reason}\n  (its runtime is ${runtimes[platform].package}@${Bun.version}, which Bun fetches from npm's registry once)`;
}

if (import.meta.main) process.exitCode = await main();
