/** `emend serve`: starts a node and keeps it running until a signal ends it. */
import { fstatSync, readFileSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { defaultNodeConfig, parseListenAddress } from "../config/defaults.ts";
import type { ListenAddress, NodeConfig, NodeSite } from "../config/index.ts";
import { openEmbedded } from "../embedded.ts";
import { EmendError } from "../errors.ts";
import { ownMemoryBytes, ownThreadsMax } from "../limits.ts";
import { createLogger, type Logger, sinkWriter, type Write, wantsColour } from "../log/index.ts";
import { collectDirectory, type Release, singleModuleRelease, withIoErrors } from "../release/index.ts";
import { type SiteSource, startNode } from "../runtime.ts";
import { defaultStateDir, openState } from "../state/index.ts";
import { version } from "../version.ts";

const help = `
Examples:
  emend serve                                   the site that this executable carries
  emend serve site --watch                      a directory; a change is served at once
  emend serve --preload hello.wasm --addr :8080 one module, at every path, on every interface
  emend serve --config /etc/emend.toml --state /var/lib/emend

With --confine the node, before it answers, moves into a control group (version 2) of its own: as much memory as
memory_max of all sites and 256 MiB, one core more than threads, 256 threads. When its listeners are open it stops
being root and becomes --user, who has to be able to read the site; programs that it starts gain no privileges. What
of it cannot be had is said on stderr. When neither the group nor the change of user can be had, it fails with 1.

Environment: EMEND_TOKEN is the operator token instead of the kept one; NO_COLOR is honoured.
A first SIGTERM or SIGINT lets requests in flight finish, a second one ends at once.`;

interface ServeOptions {
  readonly preload?: string;
  readonly addr?: string;
  readonly admin?: string;
  readonly config?: string;
  readonly state: string;
  readonly key?: readonly string[];
  readonly ephemeral?: true;
  readonly threads?: string;
  readonly log?: string;
  readonly watch?: true;
  readonly confine?: true;
  readonly user: string;
}

/** The command. Fails with `usage`, `node.config`, `site.config`, `module.*`, `payload.*`, `io`, `listen`. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve the embedded site, a directory or one module")
    .argument("[site-dir]", "directory of the site; the embedded one without it")
    .option("--preload <file.wasm>", "serve one module at every path")
    .option(
      "--addr <host:port>",
      'where to listen; ":8080" is every interface, port 0 picks one (default 127.0.0.1:8080)',
    )
    .option("--admin <host:port>", 'where the admin API listens, or "off" (default 127.0.0.1:9080)')
    .option("--config <emend.toml>", "the operator's configuration")
    .option("--state <dir>", "where the node keeps its id and token", defaultStateDir)
    .option(
      "--key <RWQ… or file.pub>",
      "a key that may patch the site (may be given several times)",
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option("--ephemeral", "keep everything in memory; the operator token is printed once on stderr")
    .option("--threads <n>", "threads that answer requests; this version has one", "1")
    .option("--log <format>", "text or json (default text)")
    .option("--watch", "a change in the directory becomes a local release")
    .option("--confine", "put a wall around the node (Linux), see below")
    .option("--user <name>", "whom --confine makes of root", "nobody")
    .addHelpText("after", help)
    .action(serve);
}

async function serve(siteDir: string | undefined, options: ServeOptions): Promise<void> {
  const config = await withKeys(await nodeConfig(options), options.key);
  const sources = siteSources(config, siteDir, options);
  const state = openState({ dir: options.state, ephemeral: options.ephemeral === true });
  if (state.tokenSource === "in-memory") writeSync(2, `operator token: ${state.token}\n`);
  const logger = openLog(config);
  const giveUp = options.confine ? await confine(config, options.user, state.dir) : undefined;
  const node = await startNode({ version, config, sources, state, logger, watch: options.watch === true });
  giveUp?.();
  outliveBugs(logger);
  await untilSignal(node.stop);
}

/** Puts limits on this process; what comes back gives up its privileges, once its listeners are open. */
async function confine(config: NodeConfig, user: string, stateDir: string | null): Promise<() => void> {
  const wall = await import("../confine/index.ts");
  const report = new wall.ConfineReport((line) => writeSync(2, line));
  const { server, sites } = config;
  report.add(
    wall.limitOwnGroup({
      memoryBytes: sites.reduce((sum, { limits }) => sum + limits.memoryBytesMax, ownMemoryBytes),
      cores: server.threads + 1,
      tasks: ownThreadsMax,
    }),
  );
  return () => {
    if (stateDir !== null && process.getuid?.() === 0) report.add(wall.giveState(stateDir, user));
    report.add(wall.refuseNewPrivileges());
    report.add(wall.dropPrivileges(user));
    report.check();
  };
}

/** Resolves when the node has stopped because of a signal. */
function untilSignal(stop: (signal: string) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(1);
      stopping = true;
      stop(signal).then(resolve, reject);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

/** A bug of ours in one request must not end the others: without a listener either of these ends the process. */
function outliveBugs(logger: Logger): void {
  const report = (thrown: unknown): void => {
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    logger.log({ event: "problem", level: "error", code: "internal", message });
  };
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

/** emend.toml with the command line on top of it. */
async function nodeConfig(options: ServeOptions): Promise<NodeConfig> {
  const base =
    options.config === undefined ? defaultNodeConfig() : await readNodeConfig(resolve(options.config));
  if (options.threads !== "1" && options.threads !== "auto") {
    throw new EmendError(
      "usage",
      `--threads ${options.threads}: this version has one thread; expected 1 or auto`,
    );
  }
  const { server } = base;
  const format = options.log ?? server.log.format;
  if (format !== "text" && format !== "json")
    throw new EmendError("usage", `--log ${format}: expected text or json`);
  return {
    ...base,
    server: {
      ...server,
      addr: options.addr === undefined ? server.addr : address("--addr", options.addr),
      admin:
        options.admin === undefined
          ? server.admin
          : options.admin === "off"
            ? "off"
            : address("--admin", options.admin),
      log: { ...server.log, format },
    },
  };
}

/** The keys of the command line beside those of emend.toml. */
async function withKeys(config: NodeConfig, values: readonly string[] | undefined): Promise<NodeConfig> {
  if (values === undefined) return config;
  const [site, ...others] = config.sites;
  if (site === undefined || others.length > 0) {
    throw new EmendError("usage", `emend.toml has ${config.sites.length} sites: name the keys of each there`);
  }
  const { readPublicKeys } = await import("./read-public-keys.ts");
  const keys = readPublicKeys(values).map(({ text }) => text);
  return { ...config, sites: [{ ...site, keys: [...new Set([...site.keys, ...keys])] }] };
}

async function readNodeConfig(file: string): Promise<NodeConfig> {
  const text = withIoErrors("read", file, () => readFileSync(file, "utf8"));
  const { parseNodeConfig } = await import("../config/index.ts");
  return inDirectory(parseNodeConfig(text, file), dirname(file));
}

function address(option: string, text: string): ListenAddress {
  const parsed = parseListenAddress(text);
  if (parsed !== undefined) return parsed;
  throw new EmendError(
    "usage",
    `${option} ${JSON.stringify(text)}: expected HOST:PORT, [IPV6]:PORT or :PORT`,
  );
}

/** Paths in emend.toml are relative to it. */
function inDirectory(config: NodeConfig, dir: string): NodeConfig {
  const { server, sites } = config;
  const tls = (files: NodeConfig["server"]["tls"]): NodeConfig["server"]["tls"] =>
    files && { certFile: resolve(dir, files.certFile), keyFile: resolve(dir, files.keyFile) };
  return {
    server: { ...server, tls: tls(server.tls), adminTls: tls(server.adminTls) },
    sites: sites.map((site) => ({
      ...site,
      dir: site.dir === undefined ? undefined : resolve(dir, site.dir),
      mounts: site.mounts.map((mount) => ({ ...mount, host: resolve(dir, mount.host) })),
    })),
  };
}

/** Where each site's content comes from. What the command line names takes the place of the one site's. */
function siteSources(config: NodeConfig, siteDir: string | undefined, options: ServeOptions): SiteSource[] {
  const { preload } = options;
  if (siteDir !== undefined && preload !== undefined) {
    throw new EmendError("usage", "give a directory or --preload, not both");
  }
  if ((siteDir ?? preload) === undefined) return config.sites.map(configuredSource);
  const [site, ...others] = config.sites;
  if (site === undefined || others.length > 0) {
    throw new EmendError(
      "usage",
      `emend.toml has ${config.sites.length} sites: name their directories there`,
    );
  }
  if (preload !== undefined) {
    const load = (): Promise<Release> => singleModuleRelease(preload);
    return [{ ...operatorsPart(site), load, directory: undefined, reloads: true }];
  }
  return [configuredSource({ ...site, dir: resolve(siteDir!) })];
}

function configuredSource(site: NodeSite): SiteSource {
  const { dir } = site;
  const load = dir === undefined ? openEmbedded : () => collectDirectory(dir);
  return { ...operatorsPart(site), load, directory: dir, reloads: dir !== undefined };
}

/** What of a site no release can change. */
function operatorsPart(site: NodeSite): Omit<SiteSource, "load" | "directory" | "reloads"> {
  const { name, hosts, mounts, limits, keys, keysThreshold, retiredKeys, keepReleases, watch, canary } = site;
  const rules = {
    keys: { keys, retired: retiredKeys, threshold: keysThreshold },
    keepReleases,
    watch,
    canary,
  };
  return { site: name, hosts, mounts, limits, rules };
}

function openLog(config: NodeConfig): Logger {
  const { format, redact } = config.server.log;
  // The sink is opened with the first line, which comes when the node listens.
  let write: Write | undefined;
  return createLogger({
    format,
    redact,
    write: (text) => {
      write ??= sinkWriter(Bun.stdout.writer());
      return write(text);
    },
    colour: () => wantsColour(isTerminal(1), process.env),
  });
}

/** Whether a descriptor is a terminal. Only those that could be one are asked: the module that knows takes long to load. */
function isTerminal(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule("node:tty").isatty(fd);
}
