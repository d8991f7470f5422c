/**
 * Clients that take their time, to hold what others need: half a head, one byte a second, an answer that is not
 * taken. Each is cut, and nobody else notices. The waits are long, so all of them begin at once.
 *
 * A head has 10 seconds from the opening of the connection (Bun's own limit, looked at every 4 seconds; bytes that
 * drip in do not extend it). What is idle between requests, or takes nothing of an answer, has `headerIdleSeconds`.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { headerIdleSeconds } from "../../src/limits.ts";
import { kitGuest, ownGuest } from "../support/guests.ts";
import { RawConnection, rawRequest } from "../support/raw-connection.ts";
import { serveSite, waitFor } from "../support/serve-sites.ts";

const site = await serveSite({
  files: {
    "hello.wasm": kitGuest("c-hello"),
    "sleeper.wasm": await ownGuest("sleeper"),
    "writer.wasm": await ownGuest("slow-writer"),
    "public/small.txt": "small",
    "public/large.bin": new Uint8Array(64 * 1024 * 1024),
  },
});
afterAll(() => site.stop());

/** When a connection ended, seconds after it was opened; with what it does meanwhile. */
async function secondsUntilClosed(
  act: (connection: RawConnection) => Promise<(() => void) | undefined>,
): Promise<number> {
  const connection = await RawConnection.open(site.port);
  const beganMs = performance.now();
  const drip = await act(connection);
  const timer = drip === undefined ? undefined : setInterval(drip, 1000);
  try {
    await connection.untilClosed(70_000);
    return (performance.now() - beganMs) / 1000;
  } finally {
    clearInterval(timer);
    connection.abandon();
  }
}

/** Answers once, then says nothing. */
const after =
  (request: string) =>
  async (connection: RawConnection): Promise<undefined> => {
    await connection.send(request);
    expect((await connection.response())?.status).toBe(200);
  };

/** Whether an answer was whole that its client did not begin to read for a minute. */
async function isWholeAfter(request: string): Promise<boolean | undefined> {
  const connection = await RawConnection.open(site.port);
  connection.pause();
  await connection.send(request);
  await Bun.sleep((headerIdleSeconds + 12) * 1000);
  connection.resume();
  const response = await connection.response();
  connection.abandon();
  return response?.complete;
}

const head = (start: string): string => `${start} HTTP/1.1\r\nHost: h.test\r\n`;
const [headSeconds, idleSeconds] = [
  [8, 20] as const,
  [headerIdleSeconds - 5, headerIdleSeconds + 15] as const,
];

const cut: readonly [what: string, range: readonly [number, number], seconds: Promise<number>][] = [
  ["a connection that says nothing", headSeconds, secondsUntilClosed(async () => undefined)],
  [
    "half a head",
    headSeconds,
    secondsUntilClosed(async (connection) => void (await connection.send(`${head("GET /hello")}X: `))),
  ],
  [
    "a head that comes byte by byte",
    headSeconds,
    secondsUntilClosed(async (connection) => {
      await connection.send(`${head("GET /hello")}X: `);
      return () => void connection.send("x");
    }),
  ],
  [
    "a connection that is idle after an asset",
    idleSeconds,
    secondsUntilClosed(after(`${head("GET /small.txt")}\r\n`)),
  ],
  [
    "a connection that is idle after a guest that ran through",
    idleSeconds,
    secondsUntilClosed(after(`${head("GET /hello")}\r\n`)),
  ],
  [
    "a connection that is idle after a guest that waited",
    idleSeconds,
    secondsUntilClosed(after(`${head("GET /sleeper?ms=20")}\r\n`)),
  ],
  [
    "a connection that is idle after a guest that streamed",
    idleSeconds,
    secondsUntilClosed(after(`${head("GET /writer?n=3&ms=20")}\r\n`)),
  ],
  [
    "a body that comes byte by byte though it was refused",
    [0, idleSeconds[1]],
    secondsUntilClosed(async (connection) => {
      await connection.send(`${head("POST /small.txt")}Content-Length: 100000\r\n\r\n`);
      expect((await connection.response("POST"))?.status).toBe(405);
      return () => void connection.send("x");
    }),
  ],
];

const unread: readonly [what: string, whole: Promise<boolean | undefined>][] = [
  ["an asset", isWholeAfter(`${head("GET /large.bin")}\r\n`)],
  // More than the kernel's buffers take: the rest waits in the node's, or in the guest.
  ["what a guest wrote", isWholeAfter(`${head("GET /writer?n=128&ms=1&size=65536")}\r\n`)],
];

const crowd = Promise.all(Array.from({ length: 500 }, () => secondsUntilClosed(async () => undefined)));

describe("cut in its time is", () => {
  for (const [what, [fewest, most], seconds] of cut) {
    test(what, async () => {
      const took = await seconds;
      expect([took >= fewest, took <= most, took]).toEqual([true, true, took]);
    }, 80_000);
  }
});

describe("nobody keeps for the client that does not read it", () => {
  for (const [what, whole] of unread) {
    test(what, async () => expect(await whole).not.toBe(true), 80_000);
  }
});

test("500 connections that say nothing keep nobody waiting, and go", async () => {
  const beganMs = performance.now();
  for (let i = 0; i < 20; i++) expect((await rawRequest(site.port, "GET /hello"))?.status).toBe(200);
  expect(performance.now() - beganMs).toBeLessThan(3000);
  for (const took of await crowd) expect(took).toBeLessThan(25);
}, 80_000);

test("nothing is left in progress", async () => {
  await Promise.all([...cut.map(([, , seconds]) => seconds), ...unread.map(([, whole]) => whole)]);
  await waitFor("the end of all of it", () => site.lane.status()[0]!.traffic.inProgress === 0);
  expect(site.lane.status()[0]!.traffic).toMatchObject({ holding: 0, waiting: 0 });
}, 80_000);
