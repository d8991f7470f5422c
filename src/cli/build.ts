/** `emend build`: a new executable that carries a site, made without compiler or network (release/write-payload.ts). */
import { Command } from "commander";
import { ownExecutable } from "../embedded.ts";
import { EmendError } from "../errors.ts";
import { operatorKeysMax } from "../limits.ts";
import {
  type Base,
  type CollectedSite,
  collectDirectory,
  type Payload,
  readPayload,
  writePayload,
} from "../release/index.ts";
import { checkModules } from "./check-modules.ts";
import { shownBytes } from "./file-table.ts";
import { inspectSite, siteText } from "./inspect-site.ts";
import { collectValues, readPublicKeys } from "./read-public-keys.ts";

type Options = {
  output?: string;
  base?: string;
  key?: readonly string[];
  list?: boolean;
  json?: boolean;
};

const help = `
Examples:
  emend build my-site -o my-node                              an executable that serves my-site
  emend build my-site --list                                  what would enter it
  emend build my-site -o my-node --base emend-linux-arm64     for another platform
  emend build my-site -o my-node --key deploy.pub             that takes patches signed with deploy.key

What enters: site.toml, the modules it names and its assets directory; without a site.toml public/ and the
*.wasm at the top. Never dotfiles (except .well-known/), *.key files and the state of a node.

The keys are these and no others: those of the executable that it builds upon are not taken over. A release can never
change them, emend.toml and \`emend serve --key\` can add others.`;

/** The command `emend build`. */
export function buildCommand(): Command {
  return new Command("build")
    .description("write a new executable that carries a site")
    .argument("<site-dir>", "the directory of the site")
    .option("-o, --output <file>", "the executable to write; an existing one is replaced")
    .option("--base <executable>", "the emend to build upon, for another platform (default: this one)")
    .option(
      "--key <key>",
      "a public key, RWQ… or NAME.pub, that may patch the site; several times",
      collectValues,
    )
    .option("--list", "print what enters, and write nothing")
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(build);
}

async function build(directory: string, options: Options): Promise<void> {
  if (options.list === true) {
    if (options.output !== undefined) throw new EmendError("usage", "expected --list or -o FILE, found both");
    return printList(await collectDirectory(directory), options);
  }
  if (options.output === undefined)
    throw new EmendError("usage", "expected -o FILE (or --list), found neither");
  const startedMs = performance.now();
  const operatorKeys = [...new Set(readPublicKeys(options.key ?? []).map(({ text }) => text))];
  if (operatorKeys.length > operatorKeysMax) {
    throw new EmendError("usage", `expected at most ${operatorKeysMax} keys, found ${operatorKeys.length}`);
  }
  const base = findBase(options.base);
  const site = await collectDirectory(directory);
  const rewritten = await checkModules(site);
  const bytes = await writePayload(base, site, options.output, operatorKeys, rewritten);
  const ms = Math.round(performance.now() - startedMs);
  const { runtime } = base;
  if (base.operatorKeys.some((key) => !operatorKeys.includes(key))) {
    process.stderr.write(
      `emend: not taken over: keys of ${base.name} (emend inspect shows them; --key adds them)\n`,
    );
  }
  if (options.json === true) {
    const made = { output: options.output, bytes, ms, runtime, operatorKeys };
    printJson({ ...made, ...inspectSite(site), kind: "executable" });
    return;
  }
  printList(site, options);
  for (const key of operatorKeys) console.log(`takes patches signed with the key of ${key}`);
  console.log(
    `${options.output}: ${shownBytes(bytes)}, emend ${runtime.version} for ${runtime.platform}, ${ms} ms`,
  );
}

/** The executable to build upon, by `--base` or the running one. */
function findBase(file: string | undefined): Base & Payload {
  const own = ownExecutable();
  if (file === undefined && own === null) {
    throw new EmendError(
      "usage",
      "expected --base EXECUTABLE: this emend runs from its sources and is none itself",
    );
  }
  const executable = file === undefined ? own! : { file, name: file };
  const payload = readPayload(executable);
  const isSameBuild = own !== null && readPayload(own).runtime.build === payload.runtime.build;
  return { ...executable, ...payload, isSameBuild };
}

function printList(site: CollectedSite, options: Options): void {
  const report = inspectSite(site);
  if (options.json === true) printJson(report);
  else console.log(siteText(report));
}

function printJson(document: object): void {
  console.log(JSON.stringify(document));
}
