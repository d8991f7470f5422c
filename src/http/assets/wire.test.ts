/** What reaches the socket: Bun writes lengths itself, answers some ranges itself and decides how bodies travel. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "../../bytes/index.ts";
import { assetHeldFileBytesMax } from "../../limits.ts";
import { createAssets } from "./assets.ts";
import { diskFile, memoryFile, siteOf } from "./content-fixture.ts";

const MiB = 1024 * 1024;
const directory = mkdtempSync(join(tmpdir(), "emend-wire-"));

/** A sparse file with a mark of 8 bytes at some offsets. */
function sparseFile(name: string, size: number, marks: readonly number[]): string {
  const onDisk = join(directory, name);
  const descriptor = openSync(onDisk, "w");
  ftruncateSync(descriptor, size);
  for (const at of marks) writeSync(descriptor, at.toString().padStart(8, "0"), at);
  closeSync(descriptor);
  return onDisk;
}

const hugeBytes = 200 * MiB;
const huge = diskFile("public/huge.zip", sparseFile("huge", hugeBytes, [0, 90 * MiB]), "a".repeat(64));
const midBytes = 2 * MiB;
const mid = diskFile("public/mid.zip", sparseFile("on-disk-name", midBytes, []), "c".repeat(64));
const text = "line of text\n".repeat(300);
const carrier = sparseFile("carrier", MiB, [1000]);
const carried = Bun.file(carrier).slice(1000, 1000 + assetHeldFileBytesMax + 1);
const assets = await createAssets(
  siteOf([
    huge,
    mid,
    memoryFile("public/app.js", text),
    memoryFile("public/empty.txt", ""),
    memoryFile("public/404.html", "lost"),
    memoryFile("public/mib10.bin", new Uint8Array(10 * MiB).fill(7)),
    // As an executable carries it: a part of a file, verified at the first request.
    {
      path: "public/carried.bin",
      size: carried.size,
      sha256: "b".repeat(64),
      blob: carried,
      verify: async () => {},
    },
  ]),
);
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  idleTimeout: 0,
  async fetch(request) {
    const answer = await assets.respond(request, new URL(request.url).pathname);
    return answer ?? new Response(null, { status: 404 });
  },
});

beforeAll(() => assets.makeVariants());
afterAll(async () => {
  assets[Symbol.dispose]();
  await server.stop(true);
  rmSync(directory, { recursive: true });
});

type Raw = { status: number; fields: string[]; body: Buffer };

/** One request as bytes, and all that comes back until the server closes. */
function raw(start: string, ...fields: string[]): Promise<Raw> {
  const request = [`${start} HTTP/1.1`, "Host: h", "Connection: close", ...fields, "", ""].join("\r\n");
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    Bun.connect({
      hostname: "127.0.0.1",
      port: server.port ?? 0,
      socket: {
        open: (socket) => void socket.write(request),
        data: (_, piece) => void pieces.push(Buffer.from(piece)),
        close: () => {
          const all = Buffer.concat(pieces);
          const end = all.indexOf("\r\n\r\n");
          const [first = "", ...rest] = all.subarray(0, end).toString().split("\r\n");
          const lower = rest.map((line) => line.toLowerCase()).filter((line) => !line.startsWith("date:"));
          resolve({ status: Number(first.split(" ")[1]), fields: lower, body: all.subarray(end + 4) });
        },
      },
    });
  });
}

test.each([
  ["/app.js", text.length, []],
  ["/empty.txt", 0, []],
  ["/huge.zip", hugeBytes, []],
  ["/carried.bin", carried.size, []],
  ["/app.js", undefined, ["Accept-Encoding: gzip"]],
])("HEAD %p has the Content-Length of its GET, once, and no body", async (path, length, fields) => {
  const { status, fields: found, body } = await raw(`HEAD ${path}`, ...fields);
  const expected = length ?? (await raw(`GET ${path}`, ...fields)).body.length;
  expect([status, body.length, found.filter((line) => /^(content-length|transfer)/.test(line))]).toEqual([
    200,
    0,
    [`content-length: ${expected}`],
  ]);
});

test("304 has neither body nor length", async () => {
  const etag = `"${sha256Hex(text)}"`;
  const { status, fields, body } = await raw("GET /app.js", `If-None-Match: ${etag}`);
  expect([status, body.length]).toEqual([304, 0]);
  expect(fields.sort()).toEqual([
    "cache-control: no-cache",
    `etag: ${etag}`,
    "vary: accept-encoding",
    "x-content-type-options: nosniff",
  ]);
});

test("a range in 200 MB has its bytes and each field once", async () => {
  const at = 90 * MiB;
  const { status, fields, body } = await raw("GET /huge.zip", `Range: bytes=${at}-${at + 7}`);
  expect([status, body.toString()]).toEqual([206, at.toString()]);
  expect(fields.sort()).toEqual([
    "accept-ranges: bytes",
    "cache-control: no-cache",
    "content-disposition: inline",
    "content-length: 8",
    `content-range: bytes ${at}-${at + 7}/${hugeBytes}`,
    "content-type: application/zip",
    `etag: "${"a".repeat(64)}"`,
    "x-content-type-options: nosniff",
  ]);
});

test.each([
  ["/huge.zip", "bytes=0-7", "00000000"],
  ["/carried.bin", "bytes=0-7", "00001000"],
  ["/mib10.bin", "bytes=-2", "\x07\x07"],
])("GET %p with Range %p begins at the file's own start", async (path, range, expected) => {
  const { status, body } = await raw(`GET ${path}`, `Range: ${range}`);
  expect([status, body.toString()]).toEqual([206, expected]);
});

test.each([
  ["If-Range of another form", ["Range: bytes=0-7", `If-Range: "${"c".repeat(64)}-gzip"`]],
  ["several ranges", ["Range: bytes=0-7,9-10"]],
])("%s gets all of a file, with its length and without its name on disk", async (_, fields) => {
  const { status, fields: found, body } = await raw("GET /mid.zip", ...fields);
  expect([status, body.length, found.join("|").includes("on-disk-name")]).toEqual([200, midBytes, false]);
  expect(found).toContain(`content-length: ${midBytes}`);
});

test("200 MB arrive, and are not held", async () => {
  const before = process.memoryUsage.rss();
  let received = 0;
  let grown = 0;
  const { body, headers } = await fetch(`${server.url}huge.zip`);
  for await (const piece of body ?? []) {
    received += piece.length;
    grown = Math.max(grown, process.memoryUsage.rss() - before);
  }
  expect([received, headers.get("content-length")]).toEqual([hugeBytes, String(hugeBytes)]);
  expect(grown).toBeLessThan(100 * MiB);
});

test("404.html and an unsatisfiable range end where they say", async () => {
  const lost = await raw("GET /nope");
  expect([lost.status, lost.body.toString()]).toEqual([404, "lost"]);
  expect(lost.fields).toContain("content-length: 4");
  const behind = await raw("GET /huge.zip", `Range: bytes=${hugeBytes}-`);
  expect([behind.status, behind.fields.includes(`content-range: bytes */${hugeBytes}`)]).toEqual([416, true]);
});

test("slow readers of 200 MB cost no memory", async () => {
  const before = process.memoryUsage.rss();
  const sockets = await Promise.all(
    Array.from({ length: 10 }, () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port: server.port ?? 0,
        socket: {
          open: (socket) => void socket.write("GET /huge.zip HTTP/1.1\r\nHost: h\r\n\r\n"),
          // Nothing more is read after the first piece.
          data: (socket) => void socket.pause(),
        },
      }),
    ),
  );
  await Bun.sleep(500);
  const grown = process.memoryUsage.rss() - before;
  for (const socket of sockets) socket.terminate();
  expect(grown).toBeLessThan(40 * MiB);
});
