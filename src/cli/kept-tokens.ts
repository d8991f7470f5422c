/** `emend token add | list | remove`: tokens with a role, for one site or the whole node. A running node sees each change. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Argument, Command, Option } from "commander";
import { EmendError } from "../errors.ts";
import {
  addToken,
  defaultStateDir,
  type KeptToken,
  type Role,
  readTokens,
  removeToken,
  roles,
} from "../state/index.ts";
import { columns } from "./columns.ts";
import { printable } from "./printable.ts";

const addHelp = `
Roles:
  read       sees everything, changes nothing
  publish    may also push, roll back, and decide about a canary
  operator   may do all: insist on a bad release, lower a floor, reload

Examples:
  emend token add ci --role publish --site blog     for the pipeline of one site
  emend token add prometheus --role read            for /metrics

The token is printed once and kept only as a hash. A running node takes it at once.`;

interface StateOptions {
  readonly state: string;
  readonly json?: true;
}

interface AddOptions extends StateOptions {
  readonly role: Role;
  readonly site?: string;
}

/** The commands below `emend token`. */
export function keptTokenCommands(): Command[] {
  return [
    stateCommand("add", "make a token and print it, this once")
      .addArgument(new Argument("<name>", "who it is for, as the audit shows it"))
      .addOption(new Option("--role <role>", "what it may do").choices(roles).makeOptionMandatory())
      .option("--site <name>", "the only site that it concerns; without it the whole node")
      .addHelpText("after", addHelp)
      .action(add),
    stateCommand("list", "list the tokens beside the operator's").action(list),
    stateCommand("remove", "refuse a token from now on")
      .addArgument(new Argument("<name>", "as it was added"))
      .action(remove),
  ];
}

function stateCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--state <dir>", "the node's state directory", defaultStateDir)
    .option("--json", "print one JSON document");
}

function add(name: string, { state, role, site, json }: AddOptions, command: Command): void {
  const dir = stateDirectory(state);
  const token = addToken(dir, { name, role, site: site ?? null }, Date.now());
  print(command, json ? JSON.stringify({ name, role, site: site ?? null, token }) : token);
}

function list({ state, json }: StateOptions, command: Command): void {
  const tokens = readTokens(stateDirectory(state)).map(({ sha256, ...shown }) => shown);
  if (json) print(command, JSON.stringify({ tokens }));
  else if (tokens.length > 0) print(command, columns(tokens.map(cells)).join("\n"));
}

function cells({ name, role, site, createdAt }: Omit<KeptToken, "sha256">): string[] {
  return [name, role, site === null ? "every site" : `site ${printable(site)}`, createdAt];
}

function remove(name: string, { state, json }: StateOptions, command: Command): void {
  removeToken(stateDirectory(state), name);
  if (json) print(command, JSON.stringify({ removed: name }));
}

/** A misspelt directory must not become one with a token in it. */
function stateDirectory(state: string): string {
  const dir = resolve(state);
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return dir;
  throw new EmendError("io", `no state directory ${dir}: name the one of the node with --state DIR`);
}

function print(command: Command, text: string): void {
  command.configureOutput().writeOut?.(`${text}\n`);
}
