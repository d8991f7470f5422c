/** Bodies on their way through a guest: lengths, limits, and that nobody who is slow costs memory. */
import { afterAll, describe, expect, test } from "bun:test";
import { chunkedBodyBytesMax } from "../../src/limits.ts";
import { kitGuest, ownGuest, pattern } from "../support/guests.ts";
import { RawConnection, type RawResponse, rawRequest, valuesOf } from "../support/raw-connection.ts";
import { serveSite, waitFor } from "../support/serve-sites.ts";

const MiB = 1024 * 1024;
const idleMs = 400;
const site = await serveSite({
  files: {
    "quirks.wasm": kitGuest("c-quirks"),
    "sse.wasm": kitGuest("c-sse"),
    "cat.wasm": await ownGuest("cat"),
    "env.wasm": await ownGuest("headers-dump"),
    "reader.wasm": await ownGuest("reader"),
    "sleeper.wasm": await ownGuest("sleeper"),
    "writer.wasm": await ownGuest("slow-writer"),
  },
  toml: `
[[route]]
path = "/quirks"
module = "quirks.wasm"
[[route]]
path = "/idle"
module = "quirks.wasm"
idle_ms = ${idleMs}
[[route]]
path = "/steady"
module = "quirks.wasm"
timeout_ms = 150
cpu_ms = 10000
[[route]]
path = "/sse"
module = "sse.wasm"
[[route]]
path = "/sleeper"
module = "sleeper.wasm"
timeout_ms = 30000
[[route]]
path = "/writer"
module = "writer.wasm"
idle_ms = ${idleMs}
[[route]]
path = "/cat"
module = "cat.wasm"
body_max = "3 MiB"
timeout_ms = 5000
[[route]]
path = "/long"
module = "cat.wasm"
body_max = "3 MiB"
chunked = true
timeout_ms = 5000
[[route]]
path = "/env"
module = "env.wasm"
[[route]]
path = "/env-long"
module = "env.wasm"
chunked = true
[[route]]
path = "/reader"
module = "reader.wasm"
body_max = "100 MiB"
timeout_ms = 30000
[[route]]
path = "/reader-long"
module = "reader.wasm"
body_max = "2 MiB"
chunked = true
`,
});
afterAll(() => site.stop());

function post(path: string, body: Uint8Array, framing = "length"): Promise<RawResponse | undefined> {
  return framing === "length"
    ? rawRequest(site.port, `POST ${path}`, [`Content-Length: ${body.length}`], body)
    : rawRequest(site.port, `POST ${path}`, ["Transfer-Encoding: chunked"], chunked(body));
}

function chunked(body: Uint8Array, pieceBytes = 50_000): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += pieceBytes) {
    const piece = body.subarray(at, at + pieceBytes);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** A CGI answer whose body is `length` bytes of the pattern. */
function document(length: number): Uint8Array {
  return Buffer.concat([Buffer.from("Content-Type: a/b\n\n"), pattern(length)]);
}

function contentLength(response: RawResponse | undefined): string | undefined {
  return /^CONTENT_LENGTH=(.*)$/m.exec(response?.body.toString() ?? "")?.[1];
}

describe("a request body", () => {
  const bodies: readonly [path: string, framing: string, bytes: number][] = [
    ["/cat", "length", 0],
    ["/cat", "length", 100],
    ["/cat", "length", 2 * MiB],
    ["/cat", "chunked", 100],
    ["/cat", "chunked", chunkedBodyBytesMax - 100],
    ["/long", "chunked", 2 * MiB],
  ];
  test.each(bodies)("reaches the guest of %s, %s, %d bytes, and comes back", async (path, framing, bytes) => {
    const response = await post(path, document(bytes), framing);
    expect([response?.status, response?.complete]).toEqual([200, true]);
    expect(response!.body.equals(pattern(bytes))).toBe(true);
  });

  const lengths: readonly [path: string, bytes: number, length: string][] = [
    ["/env", 5, "5"],
    ["/env", 100_000, "100000"],
    ["/env", 0, "0"],
    ["/env", chunkedBodyBytesMax, String(chunkedBodyBytesMax)],
    ["/env-long", chunkedBodyBytesMax, String(chunkedBodyBytesMax)],
    ["/env-long", chunkedBodyBytesMax + 1, ""],
  ];
  test.each(lengths)("in chunks to %s, %d bytes, has CONTENT_LENGTH=%p", async (path, bytes, length) => {
    const response = await post(path, new Uint8Array(bytes), "chunked");
    expect([response?.status, contentLength(response)]).toEqual([200, length]);
  });

  const refused: readonly [path: string, framing: string, bytes: number, status: number][] = [
    ["/cat", "chunked", chunkedBodyBytesMax + 1, 411],
    ["/cat", "length", 3 * MiB + 1, 413],
    ["/long", "length", 3 * MiB + 1, 413],
  ];
  test.each(refused)("to %s, %s, %d bytes, gets %d", async (path, framing, bytes, status) => {
    const response = await post(path, new Uint8Array(bytes), framing);
    expect([response?.status, response?.complete]).toEqual([status, true]);
  });

  test("is refused by the length that it announces, before a byte of it came", async () => {
    const response = await rawRequest(site.port, "POST /cat", ["Content-Length: 99999999999"]);
    expect(response?.status).toBe(413);
  });

  test("in chunks, over body_max, gets 413 while nothing is answered yet", async () => {
    const response = await post("/reader-long?size=65536", new Uint8Array(3 * MiB), "chunked");
    expect(response?.status).toBe(413);
  });

  test("in chunks, over body_max, when the answer is on its way: it breaks off", async () => {
    const response = await post("/long", document(3 * MiB), "chunked");
    expect([response?.status, response?.complete]).toEqual([200, false]);
    const record = await site.record(
      ({ path, status, reason }) => path === "/long" && status === 200 && !!reason,
    );
    expect(record.reason).toBe(`the body is longer than ${3 * MiB} bytes`);
  });

  test("that the guest leaves unread does not stop the connection", async () => {
    const connection = await RawConnection.open(site.port);
    for (const [path, bytes] of [
      ["/reader?max=3&size=3", 1_000_000],
      ["/env", 100],
      ["/env", 1_000_000],
    ] as const) {
      await connection.send(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${bytes}\r\n\r\n`);
      await connection.send(new Uint8Array(bytes));
      expect((await connection.response("POST"))?.status).toBe(200);
    }
    await connection.send("GET /env HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(contentLength(await connection.response())).toBe("0");
    connection.abandon();
  });

  test("waits for Expect: 100-continue", async () => {
    const connection = await RawConnection.open(site.port);
    const body = document(10);
    await connection.send(
      `POST /cat HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    expect((await connection.response("POST"))?.status).toBe(100);
    await connection.send(body);
    expect((await connection.response("POST"))?.body.length).toBe(10);
    connection.abandon();
  });

  test("of 50 MB is held back while the guest reads slowly", async () => {
    const bytes = 50_000_000;
    const connection = await RawConnection.open(site.port);
    const whole = new Uint8Array(bytes);
    const before = rss();
    let sent = false;
    await connection.send(
      `POST /reader?size=65536&ms=1 HTTP/1.1\r\nHost: h\r\nContent-Length: ${bytes}\r\n\r\n`,
    );
    connection.send(whole).then(() => {
      sent = true;
    });
    await Bun.sleep(300);
    // The client's own copy of what it has to send is part of this process.
    expect(rss() - before).toBeLessThan(bytes + 40 * MiB);
    expect(sent).toBe(false);
    const response = await connection.response("POST", 20_000);
    expect(response?.body.toString()).toStartWith(`bytes=${bytes} `);
    connection.abandon();
  }, 20_000);
});

describe("a response body", () => {
  test("that is endless is made as slowly as the client reads", async () => {
    const connection = await RawConnection.open(site.port);
    connection.drop();
    await connection.send("GET /steady?big=1000000000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    // Far longer than timeout_ms, which is for the head.
    for (let i = 0; i < 30; i++) {
      await Bun.sleep(1);
      connection.pause();
      await Bun.sleep(10);
      connection.resume();
    }
    connection.pause();
    await Bun.sleep(50);
    const { live } = site.pools()["quirks.wasm"]!;
    const received = connection.droppedBytes;
    connection.abandon();
    expect(live).toBe(1);
    await waitFor("the end of the guest", () => site.pools()["quirks.wasm"]?.live === 0);
    const line = await site.record((record) => record.route === "/steady");
    // What Bun and the kernel hold between the two.
    expect(Number(line.bytes) - received).toBeLessThan(24 * MiB);
  });

  test("arrives whole through all of its waits", async () => {
    const response = await fetch(`${site.url}/quirks?zeros=30000000`);
    let received = 0;
    for await (const piece of response.body ?? []) received += piece.length;
    expect(received).toBe(30_000_000);
  });

  test(`that nobody reads is cut after idle_ms`, async () => {
    const connection = await RawConnection.open(site.port);
    await connection.send("GET /idle?big=200000000 HTTP/1.1\r\nHost: h\r\n\r\n");
    await Bun.sleep(20);
    connection.pause();
    const record = await site.record(({ path }) => path === "/idle");
    expect(record).toMatchObject({ status: 200, reason: `nothing moved for ${idleMs} ms` });
    expect(Number(record.ms)).toBeGreaterThanOrEqual(idleMs);
    await waitFor("the end of the guest", () => site.pools()["quirks.wasm"]?.live === 0);
    connection.resume();
    const response = await connection.response();
    expect([response?.status, response?.complete]).toEqual([200, false]);
  });

  test.each([
    [100_000, 200_000, true, /^the guest wrote 100000 bytes more than it promised: cut/],
    [300_000, 200_000, false, /^the guest promised 300000 bytes and wrote 200000/],
  ])("of a promise of %d bytes and %d written, streamed", async (promised, written, complete, reason) => {
    const head = `Content-Type: a/b\nX-Promised: ${promised}\nContent-Length: ${promised}\n\n`;
    const before = (await site.records()).length;
    const response = await post("/cat", Buffer.concat([Buffer.from(head), pattern(written)]));
    expect([response?.status, response?.complete]).toEqual([200, complete]);
    const sent = Math.min(promised, written);
    expect(response!.body.equals(pattern(complete ? sent : response!.body.length))).toBe(true);
    const record = await waitFor("its line", async () =>
      (await site.records()).slice(before).find(({ event }) => event === "request"),
    );
    expect(record).toMatchObject({ status: 200, bytes: sent, reason: expect.stringMatching(reason) });
  });

  test("of a guest that writes nothing for idle_ms is cut", async () => {
    const response = await rawRequest(site.port, "GET /writer?n=3&ms=5000");
    expect([response?.status, response?.complete, response?.body.toString()]).toEqual([200, false, "x"]);
    expect((await site.record(({ path }) => path === "/writer")).reason).toBe(
      `nothing moved for ${idleMs} ms`,
    );
  });

  test("of a guest that goes on is not cut", async () => {
    const response = await rawRequest(site.port, "GET /writer?n=6&ms=150");
    expect([response?.complete, response?.body.toString()]).toEqual([true, "xxxxxx"]);
  });

  test("is sent piece by piece", async () => {
    const connection = await RawConnection.open(site.port);
    const beganMs = performance.now();
    await connection.send("GET /sse?4,100 HTTP/1.1\r\nHost: h\r\n\r\n");
    await waitFor("the first event", () => connection.receivedBytes > 0);
    const firstMs = performance.now() - beganMs;
    const response = await connection.response();
    expect(response?.body.toString().match(/^id: /gm)?.length).toBe(4);
    expect(valuesOf(response!, "content-type")).toEqual(["text/event-stream"]);
    expect(firstMs).toBeLessThan(250);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(290);
    connection.abandon();
  });
});

describe("a client that goes away", () => {
  test.each([
    ["/sse?1000,20", "sse.wasm", "while the guest streams"],
    ["/sleeper?ms=60000", "sleeper.wasm", "before the guest has answered"],
  ])("%s ends its guest (%s, %s)", async (path, module) => {
    const connection = await RawConnection.open(site.port);
    await connection.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await waitFor("a guest", () => site.pools()[module]?.live === 1 && site.pools()[module]?.idle === 0);
    await Bun.sleep(30);
    connection.abandon();
    await waitFor("the end of the guest", () => site.pools()[module]?.live === 0);
    const record = await site.record((each) => each.path === path.split("?")[0] && each.reason !== undefined);
    expect(record.reason).toBe("the client went away");
  });
});

function rss(): number {
  return process.memoryUsage.rss();
}
