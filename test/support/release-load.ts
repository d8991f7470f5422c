/**
 * Clients that ask a site all the time while its releases replace each other, on connections that stay open: guests,
 * assets, streams, uploads. Every answer has to be whole, of one release, and of the one that its x-emend-release names.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RawConnection, valuesOf } from "./raw-connection.ts";

/** The files of a release that clients can tell from every other one. `witness` is the guest of that name. */
export function witnessRelease(
  name: string,
  witness: Uint8Array,
): Readonly<Record<string, string | Uint8Array>> {
  return {
    "witness.wasm": withSection(witness, name),
    "public/release.txt": name,
    "public/page.html": `${name}\n`.repeat(500),
    "public/same.html": "the same in all of them\n".repeat(500),
    "site.toml": `
      [[route]]
      path = "/witness"
      module = "witness.wasm"
      timeout_ms = 30000
      env = { RELEASE = "${name}" }
      probe = { path = "/witness" }`,
  };
}

/** The compiled witness, for a program that is no test. */
export function readWitness(): Uint8Array {
  return readFileSync(join(import.meta.dir, "../../dist/test-guests/witness.wasm"));
}

/** The guest as other bytes for each release: with a custom section behind it. */
function withSection(module: Uint8Array, name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  return Buffer.concat([module, Buffer.from([0, text.length + 1, text.length]), text]);
}

/** What became of the requests of one kind. */
export interface Tally {
  answers: number;
  /** The first ones, in words, */
  readonly faults: string[];
  /** and how many there were. */
  failed: number;
  mixed: number;
}

export interface LoadOptions {
  readonly port: number;
  /** The name of the release whose x-emend-release this is. */
  readonly nameOf: (release: string) => string | undefined;
  readonly host?: string;
  /** Connections of each kind. */
  readonly clientsEach?: number;
  /** Between two requests of a connection. Clients in the node's own process have to leave it some time. */
  readonly restMs?: number;
}

/** Dispose before the node stops. */
export interface ReleaseLoad extends AsyncDisposable {
  readonly tallies: Readonly<Record<string, Tally>>;
  /** Resolves when every request has its answer. */
  readonly stop: () => Promise<void>;
}

/** Starts to ask. */
export function startLoad(options: LoadOptions): ReleaseLoad {
  const { clientsEach = 3, host = "h.test" } = options;
  const tallies: Record<string, Tally> = {};
  let isOver = false;
  const clients = Object.entries(habitsFor(host)).flatMap(([kind, habit]) => {
    const tally: Tally = { answers: 0, faults: [], failed: 0, mixed: 0 };
    tallies[kind] = tally;
    return Array.from({ length: clientsEach }, () => ask(options, habit, tally, () => isOver));
  });
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(clients);
  };
  return { tallies, stop, [Symbol.asyncDispose]: stop };
}

/** All faults of a load, as a test compares them with none. */
export function faultsOf({ tallies }: Pick<ReleaseLoad, "tallies">): string[] {
  return Object.entries(tallies).flatMap(([kind, { faults }]) => faults.map((fault) => `${kind}: ${fault}`));
}

/** How many answers there were, in words. */
export function countsOf({ tallies }: Pick<ReleaseLoad, "tallies">): string {
  return Object.entries(tallies)
    .map(([kind, { answers }]) => `${kind} ${answers}`)
    .join(", ");
}

/** One request on a connection that stays open, and what its body has to be for the release that answered. */
interface Habit {
  readonly send: (connection: RawConnection) => Promise<void>;
  readonly body: (name: string) => string;
}

const uploadBytes = 300_000;
const faultsKept = 20;

function habitsFor(host: string): Readonly<Record<string, Habit>> {
  const head = (start: string, ...fields: string[]): string =>
    [`${start} HTTP/1.1`, `Host: ${host}`, ...fields, "", ""].join("\r\n");
  return {
    guest: { send: (to) => to.send(head("GET /witness")), body: (name) => `${name}\nbody 0\n` },
    asset: { send: (to) => to.send(head("GET /release.txt")), body: (name) => name },
    page: { send: (to) => to.send(head("GET /page")), body: (name) => `${name}\n`.repeat(500) },
    stream: {
      send: (to) => to.send(head("GET /witness?n=30&ms=7")),
      body: (name) => `${`${name}\n`.repeat(30)}body 0\n`,
    },
    upload: {
      send: async (to) => {
        await to.send(head("POST /witness?n=2", `Content-Length: ${uploadBytes}`));
        for (let sent = 0; sent < uploadBytes; sent += uploadBytes / 10) {
          await to.send(new Uint8Array(uploadBytes / 10));
          await Bun.sleep(5);
        }
      },
      body: (name) => `${name}\n${name}\nbody ${uploadBytes}\n`,
    },
  };
}

async function ask(
  { port, nameOf, restMs = 5 }: LoadOptions,
  { send, body }: Habit,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  const fault = (text: string): void => {
    if (tally.faults.length < faultsKept) tally.faults.push(text);
  };
  let connection = await RawConnection.open(port);
  while (!isOver()) {
    const sent = send(connection);
    const response = await connection.response();
    await sent;
    tally.answers++;
    const text = response?.body.toString("latin1");
    const [release = ""] = response === undefined ? [] : valuesOf(response, "x-emend-release");
    const name = nameOf(release);
    const isWhole = response?.status === 200 && response.complete;
    if (!isWhole) tally.failed++;
    else if (name === undefined || text !== body(name)) tally.mixed++;
    if (!isWhole || name === undefined || text !== body(name))
      fault(`${response?.status} ${release} (${name}): ${text?.slice(0, 200)}`);
    if (restMs > 0) await Bun.sleep(restMs);
    if (!connection.closed) continue;
    tally.failed++;
    fault("the connection ended");
    connection = await RawConnection.open(port);
  }
  connection.abandon();
}
