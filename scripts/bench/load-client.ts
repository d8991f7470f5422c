/**
 * A load generator for machines without wrk, for an exact number of requests, and for a rate of them: keep-alive
 * connections over plain sockets, one request at a time on each. Runs as a process of its own and prints
 * `{"requests": …, "seconds": …}`; with a rate also `p50Ms`, `p99Ms`, `maxMs` and `late`.
 *
 *     bun scripts/bench/load-client.ts URL --connections=32 (--seconds=2 | --requests=100000) ["name: value" …]
 *     … --host=NAME asks for a host of that name, --any-status takes every status for an answer
 *     … --rate=1000: so many a second, whether answers come or not (an open loop). What is due
 *     goes out each millisecond, and how long an answer takes counts from there; one that is due while all connections
 *     are busy waits, and counts as late.
 */
import { parseArgs } from "node:util";

/** What of an answer is still to come on one connection. */
interface Pending {
  head: string;
  bodyBytesLeft: number;
  /** When its request was due. */
  dueMs: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: "string", default: "32" },
    seconds: { type: "string" },
    requests: { type: "string" },
    rate: { type: "string" },
    host: { type: "string" },
    "any-status": { type: "boolean", default: false },
  },
});
const [address = "", ...headers] = positionals;
const url = new URL(address);
const request = Buffer.from(
  [`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${values.host ?? url.host}`, ...headers, "", ""].join(
    "\r\n",
  ),
  "latin1",
);
const requestsMax = Number(values.requests ?? Number.POSITIVE_INFINITY);
const endMs = performance.now() + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;
const startedMs = performance.now();
let asked = 0;
let answered = 0;

const intervalMs = values.rate === undefined ? undefined : 1000 / Number(values.rate);
const tookMs: number[] = [];
/** Connections on which nothing is asked, and requests that wait for one. */
const free: (readonly [Bun.Socket, Pending])[] = [];
const waiting: number[] = [];
let late = 0;

const connections = Array.from({ length: Number(values.connections) }, connection);
const all = Promise.all(connections);
await (intervalMs === undefined ? all : Promise.race([all, keepRate(intervalMs)]));
console.log(
  JSON.stringify({ requests: answered, seconds: (performance.now() - startedMs) / 1000, ...latency() }),
);
process.exit();

/** Sends what is due each millisecond, until the time is up and all answers are there. It must not spin: the cores are shared. */
async function keepRate(everyMs: number): Promise<void> {
  while (free.length < connections.length) await Bun.sleep(1);
  const firstMs = performance.now();
  for (;;) {
    const nowMs = performance.now();
    for (; nowMs < endMs && firstMs + asked * everyMs <= nowMs; asked++) {
      if (free.length === 0) late++;
      waiting.push(nowMs);
    }
    // In turn: a connection on which nothing is ever asked is closed by the server.
    while (waiting.length > 0 && free.length > 0) send(...free.shift()!, waiting.shift()!);
    if (nowMs >= endMs && answered === asked) return;
    if (nowMs > endMs + 5000) throw new Error(`${url}: ${asked - answered} requests were never answered`);
    await Bun.sleep(1);
  }
}

function send(socket: Bun.Socket, pending: Pending, dueMs: number): void {
  pending.dueMs = dueMs;
  socket.write(request);
}

function latency(): object {
  if (intervalMs === undefined) return {};
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), late };
}

/** Asks again and again; resolves when the time or the count is up. */
async function connection(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const pending: Pending = { head: "", bodyBytesLeft: 0, dueMs: 0 };
  const next = (socket: Bun.Socket): void => {
    if (intervalMs !== undefined) {
      free.push([socket, pending]);
      return;
    }
    if (asked < requestsMax && performance.now() < endMs) {
      asked++;
      socket.write(request);
    } else {
      resolve();
      socket.end();
    }
  };
  await Bun.connect({
    hostname: url.hostname,
    port: Number(url.port),
    socket: {
      open: next,
      data: (socket, bytes) => {
        try {
          if (!isWhole(pending, bytes)) return;
          answered++;
          if (intervalMs !== undefined) tookMs.push(performance.now() - pending.dueMs);
          next(socket);
        } catch (error) {
          reject(error);
        }
      },
      close: () => reject(new Error(`${url}: the connection was closed`)),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

/** Takes a piece of an answer; true when it was the last one. */
function isWhole(pending: Pending, bytes: Buffer): boolean {
  if (pending.bodyBytesLeft > 0) {
    pending.bodyBytesLeft -= bytes.length;
    return pending.bodyBytesLeft === 0;
  }
  pending.head += bytes.toString("latin1");
  const end = pending.head.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const head = pending.head.slice(0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  const isExpected = values["any-status"] || /^HTTP\/1\.1 2/.test(head);
  if (!isExpected || length === undefined) {
    throw new Error(`${url}: expected a 2xx with a Content-Length; got ${JSON.stringify(head)}`);
  }
  pending.bodyBytesLeft = Number(length) - (pending.head.length - end - 4);
  pending.head = "";
  return pending.bodyBytesLeft === 0;
}
