/** The options that every command has which talks to a node. */
import { type Command, InvalidArgumentError } from "commander";
import { readInput } from "./delta-files.ts";
import { parseNodeAddress } from "./node-address.ts";
import { type NodeClient, openNodeClient } from "./node-client.ts";

/** How a node is reached. */
export interface ReachOptions {
  readonly token?: string | undefined;
  readonly insecure?: true;
  readonly ca?: string;
  /** Seconds. */
  readonly timeout: number;
}

/** Of a command that talks to one node. */
export interface NodeOptions extends ReachOptions {
  readonly to: string;
  readonly json?: true;
}

/** What the help of each of these commands ends with. */
export const nodeHelp = `
The token is taken from EMEND_TOKEN, or --token (which other users of this machine can see while the command runs).
It is sent to no other address than this one, and without TLS to loopback only, unless --insecure is given.`;

/** Adds `--to` and how it is reached. */
export function withNodeOptions(command: Command): Command {
  command.requiredOption("--to <url>", "the node's admin address, http(s)://HOST:PORT");
  return withReachOptions(command).option("--json", "print one JSON document");
}

/** Adds how nodes are reached. */
export function withReachOptions(command: Command): Command {
  return command
    .option("--token <token>", "operator token or one with the role for it (default: EMEND_TOKEN)")
    .option("--insecure", "send the token unencrypted to another machine")
    .option("--ca <file.pem>", "trust the certificates in this file instead of the system's")
    .option("--timeout <seconds>", "give up after this time without progress", seconds, 60);
}

/** The client for the node at `to`. Throws `usage`, and `io` for a certificate that cannot be read. */
export function connect(to: string, { token, insecure, ca, timeout }: ReachOptions): NodeClient {
  const address = parseNodeAddress(to, {
    token: token ?? process.env.EMEND_TOKEN,
    insecure: insecure === true,
    ca: ca === undefined ? undefined : Buffer.from(readInput(ca)).toString(),
  });
  return openNodeClient(address, timeout * 1000);
}

/** For commander: a name that emend.toml could give a site. */
export function siteName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError("expected the name of a site: letters, digits, '.', '_' and '-'.");
}

/** The path of what belongs to a site. */
export function sitePath(site: string, rest: string): string {
  return `/v1/sites/${encodeURIComponent(site)}/${rest}`;
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("expected a number of seconds above 0.");
}
