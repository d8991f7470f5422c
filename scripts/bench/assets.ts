/**
 * `npm run bench:assets`: a small file through emend against a text of Bun and Hono, and a small file, a page that the
 * client takes compressed and one of 10 MB against nginx, where that is installed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Child, type ServerCommand, startChild } from "./child.ts";
import { compare, generator, roundsMethod, type Throughput } from "./load.ts";
import { nginx } from "./nginx.ts";
import { emend, emendBuild, honoHello, scratch } from "./peers.ts";
import { printReport, round } from "./report.ts";

/** A file of the site, and the headers that it is asked for with. */
interface Case {
  readonly what: string;
  readonly path: string;
  readonly headers: readonly string[];
}

const site = join(scratch, "site");
const root = join(site, "public");
const cases: readonly Case[] = [
  { what: "13 bytes of text", path: "/small.txt", headers: [] },
  { what: "page of 32 KB, gzip", path: "/page.html", headers: ["Accept-Encoding: gzip"] },
  { what: "10 MB", path: "/large.bin", headers: [] },
];
writeSite();

const rows: Record<string, string | number>[] = [];
const skipped: string[] = [];
let smallOfHono = Number.NaN;
for (const each of cases) {
  const measured = await measure(each);
  const of = (name: string): Throughput | undefined => measured.get(name);
  const [first] = measured.keys();
  const peer = of(first!)!;
  for (const [name, { requestsPerSecond, cpuUs }] of measured) {
    rows.push({
      asset: each.what,
      server: name,
      "requests/s": Math.round(requestsPerSecond),
      "CPU µs/request": round(cpuUs),
      against: first!,
      "requests/s ratio": round(requestsPerSecond / peer.requestsPerSecond),
      "CPU ratio": round(cpuUs / peer.cpuUs),
    });
  }
  const hono = of("Bun + Hono text");
  if (hono !== undefined) smallOfHono = of("emend")!.requestsPerSecond / hono.requestsPerSecond;
}

printReport({
  benchmark: "assets",
  rows,
  method: [
    generator,
    roundsMethod,
    emendBuild,
    "nginx: one process, sendfile, gzip_static with a file compressed beforehand, no access log",
  ],
  skipped,
  targets: [{ what: "small asset: requests/s of Bun + Hono text", measured: smallOfHono, atLeast: 0.9 }],
});
process.exit();

async function measure({ path, headers }: Case): Promise<Map<string, Throughput>> {
  const commands: ServerCommand[] =
    path === "/small.txt" ? [await honoHello("Bun + Hono text", { bytecode: false })] : [];
  const files = nginx("nginx", scratch, root, path);
  if (!("reason" in files)) commands.push(files);
  else if (skipped.length === 0) skipped.push(`nginx: ${files.reason}`);
  commands.push(emend("emend", [site], path));
  const children: Child[] = [];
  for (const command of commands) children.push(await startChild(command));
  if (headers.length > 0) for (const child of children) await untilCompressed(child);
  const measured = await compare(children, headers);
  for (const child of children) await child.stop();
  return measured;
}

/** emend compresses in the background after its start. @throws Error when it does not within a minute. */
async function untilCompressed(child: Child): Promise<void> {
  for (let turn = 0; turn < 600; turn++) {
    const answer = await fetch(child.url, { headers: { "accept-encoding": "gzip" }, decompress: false });
    await answer.arrayBuffer();
    if (answer.headers.get("content-encoding") === "gzip") return;
    await Bun.sleep(100);
  }
  throw new Error(`${child.name}: ${child.url} is not answered with gzip`);
}

function writeSite(): void {
  mkdirSync(root, { recursive: true });
  const words = Array.from({ length: 4000 }, (_, index) => `word${(index * 7919) % 1000}`);
  const page = `<!doctype html>\n<title>Page</title>\n<p>${words.join(" ")}</p>\n`;
  writeFileSync(join(site, "site.toml"), '[assets]\ndir = "public"\n');
  writeFileSync(join(root, "small.txt"), "hello from c\n");
  writeFileSync(join(root, "page.html"), page);
  writeFileSync(join(root, "page.html.gz"), gzipSync(page, { level: 9 }));
  writeFileSync(
    join(root, "large.bin"),
    crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(80).slice(0, 10_000_000),
  );
}
