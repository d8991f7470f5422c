/**
 * A load generator for machines without wrk, and for an exact number of requests: keep-alive connections over plain
 * sockets, one request at a time on each. Runs as a process of its own and prints `{"requests": …, "seconds": …}`.
 *
 *     bun scripts/bench/load-client.ts URL --connections=32 (--seconds=2 | --requests=100000) ["name: value" …]
 */
import { parseArgs } from "node:util";

/** What of an answer is still to come on one connection. */
interface Pending {
  head: string;
  bodyBytesLeft: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: "string", default: "32" },
    seconds: { type: "string" },
    requests: { type: "string" },
  },
});
const [address = "", ...headers] = positionals;
const url = new URL(address);
const request = Buffer.from(
  [`GET ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, ...headers, "", ""].join("\r\n"),
  "latin1",
);
const requestsMax = Number(values.requests ?? Number.POSITIVE_INFINITY);
const endMs = performance.now() + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;
const startedMs = performance.now();
let asked = 0;
let answered = 0;

await Promise.all(Array.from({ length: Number(values.connections) }, connection));
console.log(JSON.stringify({ requests: answered, seconds: (performance.now() - startedMs) / 1000 }));

/** Asks again and again; resolves when the time or the count is up. */
async function connection(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const pending: Pending = { head: "", bodyBytesLeft: 0 };
  const next = (socket: Bun.Socket): void => {
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
  if (!/^HTTP\/1\.1 2/.test(head) || length === undefined) {
    throw new Error(`${url}: expected a 2xx with a Content-Length; got ${JSON.stringify(head)}`);
  }
  pending.bodyBytesLeft = Number(length) - (pending.head.length - end - 4);
  pending.head = "";
  return pending.bodyBytesLeft === 0;
}
