/** `emend events`: what happens on a node, line by line until it is interrupted. */
import { Command } from "commander";
import { safeParse } from "valibot";
import { type AnyEvent, anyEventSchema } from "../admin/index.ts";
import { EmendError, messageOf } from "../errors.ts";
import { EventStreamParser } from "./event-stream-parser.ts";
import { connect, type NodeOptions, nodeHelp, siteName, withNodeOptions } from "./node-options.ts";
import { printable } from "./printable.ts";

interface EventsOptions extends NodeOptions {
  readonly site?: string;
}

/** Between two attempts: a node that restarts is back within a second, one that is down is not asked for ever faster. */
const retryMs = { first: 500, max: 15_000 } as const;

const help = `
Examples:
  emend events --to https://node.example:9080
  emend events --to https://node.example:9080 --site shop --json | jq -r 'select(.event == "refused").code'

Runs until it is interrupted. A lost connection is opened again and goes on behind the last event that was printed.
${nodeHelp}`;

/** The command. Fails with what the node refuses, and `usage` and `io`; only the first connection may fail. */
export function eventsCommand(): Command {
  const command = new Command("events")
    .description("print what happens on a node")
    .option("--site <name>", "of this site only (default: all)", siteName);
  return withNodeOptions(command).addHelpText("after", help).action(events);
}

async function events(options: EventsOptions): Promise<void> {
  const client = connect(options.to, options);
  const path = options.site === undefined ? "/v1/events" : `/v1/events?site=${options.site}`;
  const print = options.json ? printJson : printLine;
  const stream = new EventStreamParser();
  let connected = false;
  let waitMs: number = retryMs.first;
  for (;;) {
    try {
      stream.restart();
      for await (const text of client.listen(path, stream.lastEventId)) {
        connected = true;
        waitMs = retryMs.first;
        for (const { data } of stream.take(text)) print(parseEvent(data));
      }
    } catch (error) {
      // A first connection that fails is a wrong address rather than a node that restarts.
      if (!connected || !(error instanceof EmendError)) throw error;
      process.stderr.write(`emend: ${messageOf(error)}; trying again\n`);
    }
    await Bun.sleep(waitMs);
    waitMs = Math.min(2 * waitMs, retryMs.max);
  }
}

/** An event, of a kind that this version may not know. @throws EmendError `io` */
function parseEvent(json: string): AnyEvent {
  const parsed = safeParse(anyEventSchema, parseJson(json));
  if (parsed.success) return parsed.output;
  throw new EmendError("io", "expected an event of an emend node, found something else");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function printJson(event: AnyEvent): void {
  console.log(JSON.stringify(event));
}

/** `2026-01-01T00:00:00.000Z shop refused code=patch.signature message="…"` */
function printLine({ id: _, at, site, event, ...fields }: AnyEvent): void {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        ` ${name}=${typeof value === "string" && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)}`,
    );
  console.log(printable(`${at} ${site} ${event}${rest.join("")}`));
}
