/** `emend serve DIR --watch`: an edit becomes the release that answers, whole, and nobody is cut off by it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectDirectory } from "../../src/release/index.ts";
import {
  createScratch,
  isExecutableBuilt,
  type NodeProcess,
  type Scratch,
  startNode,
} from "../support/executable.ts";
import { kitGuest } from "../support/guests.ts";
import { RawConnection, valuesOf } from "../support/raw-connection.ts";
import { type LoggedRecord, waitFor } from "../support/serve-sites.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

/** A site whose handler says which site.toml it was started by. */
const siteToml = (edition: string): string => `
[[route]]
path = "/cgi"
module = "cgi.wasm"
env = { EDITION = "${edition}" }
[[route]]
path = "/stream"
module = "stream.wasm"
`;

describe.skipIf(!isBuilt)("emend serve --watch", () => {
  let scratch: Scratch;
  let node: NodeProcess;
  beforeAll(async () => {
    scratch = createScratch();
    mkdirSync(join(scratch.path, "public"));
    write("cgi.wasm", kitGuest("c-cgi-env"));
    write("stream.wasm", await Bun.file(join(import.meta.dir, "../../assets/stream.wasm")).bytes());
    write("site.toml", siteToml("first"));
    write("public/index.html", "first");
    node = await startNode([scratch.path, "--watch", "--ephemeral"]);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  });

  function write(path: string, contents: string | Uint8Array): void {
    writeFileSync(join(scratch.path, path), contents);
  }

  /** Edits the page and waits until a release with it runs. Returns the release's log line. */
  async function edit(page: string): Promise<LoggedRecord> {
    const known = node.records().filter(({ event }) => event === "release").length;
    write("public/index.html", page);
    await node.record(() => node.records().filter(({ event }) => event === "release").length > known);
    return node.records().findLast(({ event }) => event === "release")!;
  }

  test("answers with the new release, on a connection that was there before", async () => {
    const connection = await RawConnection.open(node.port);
    const ask = async () => {
      await connection.send("GET / HTTP/1.1\r\nHost: h.test\r\n\r\n");
      const response = await connection.response();
      return { body: response!.body.toString(), release: valuesOf(response!, "x-emend-release")[0] };
    };
    const before = await ask();
    expect(before).toEqual({ body: "first", release: node.ready.sites[0]!.release.slice(7, 19) });
    const release = await edit("second");
    expect(release).toMatchObject({
      site: "default",
      from: node.ready.sites[0]!.release,
      sequence: 0,
      generation: 1,
    });
    expect(await ask()).toEqual({ body: "second", release: String(release.to).slice(7, 19) });
    expect(connection.closed).toBe(false);
    connection.abandon();
    const status = (await (await node.ask("/v1/status")).json()) as { sites: unknown[] };
    expect(status.sites[0]).toMatchObject({ release: release.to, generation: 1 });
  });

  test("lets a stream that began on the old release go on to its end", async () => {
    const response = await fetch(`${node.url}/stream?n=6&ms=80`);
    const old = response.headers.get("x-emend-release");
    const release = await edit("while a stream goes on");
    expect(String(release.to)).not.toContain(old!);
    expect((await response.text()).match(/"tick":/g)).toHaveLength(6);
  });

  test("keeps the running release after a broken edit, says why once, and takes the repair", async () => {
    const running = (await fetch(`${node.url}/`)).headers.get("x-emend-release");
    const problems = (): LoggedRecord[] => node.records().filter(({ event }) => event === "problem");
    const broken: [path: string, contents: string | Uint8Array, code: string, words: RegExp][] = [
      ["site.toml", '[[route]]\npath = "/x"\nmodul = "cgi.wasm"\n', "site.config", /did you mean "?module/],
      ["site.toml", "[[route", "site.config", /site\.toml/],
      ["cgi.wasm", kitGuest("c-cgi-env").subarray(0, 500), "module.invalid", /cgi\.wasm/],
      [
        "site.toml",
        `${siteToml("first")}timeout_ms = 60000\n`,
        "site.limit",
        /route \/stream: timeout_ms is 60000, but the operator's guest_timeout_ms_max is 30000/,
      ],
    ];
    for (const [path, contents, code, words] of broken) {
      const known = problems().length;
      write(path, contents);
      await node.record(() => problems().length > known);
      await Bun.sleep(150);
      expect(problems().slice(known)).toEqual([
        expect.objectContaining({ code, site: "default", message: expect.stringMatching(words) }),
      ]);
      expect((await fetch(`${node.url}/`)).headers.get("x-emend-release")).toBe(running);
      expect((await fetch(`${node.url}/cgi`)).status).toBe(200);
      write("site.toml", siteToml("first"));
      write("cgi.wasm", kitGuest("c-cgi-env"));
      await Bun.sleep(150);
    }
    const repaired = await edit("repaired");
    expect((await fetch(`${node.url}/`)).headers.get("x-emend-release")).toBe(
      String(repaired.to).slice(7, 19),
    );
  });

  test("never mixes releases, whatever is edited while requests come in", async () => {
    /** What each release has to say, by its name in x-emend-release. */
    const editions = new Map<string, string>();
    const answers: [release: string | null, edition: string | undefined][] = [];
    let busy = true;
    const client = async (path: string, editionIn: (body: string) => string | undefined): Promise<void> => {
      while (busy) {
        const response = await fetch(`${node.url}${path}`);
        const body = await response.text();
        // A page edited before its release was ever asked for it: no longer there, and never another's instead.
        if (path === "/" && response.status === 503) continue;
        expect(response.status).toBe(200);
        answers.push([response.headers.get("x-emend-release"), editionIn(body)]);
      }
    };
    const page = (body: string): string => body;
    const handler = (body: string): string | undefined => /^EDITION *= *(.*)$/m.exec(body)?.[1];
    const clients = [client("/", page), client("/cgi", handler), client("/", page)];
    for (let i = 0; i < 8; i++) {
      const edition = `edition ${i}`;
      write("site.toml", siteToml(edition));
      write("public/index.html", edition);
      const { digest } = await collectDirectory(scratch.path);
      editions.set(digest.slice(7, 19), edition);
      await node.record(({ event, to }) => event === "release" && to === digest);
      await Bun.sleep(30);
    }
    busy = false;
    await Promise.all(clients);
    const known = answers.filter(([release]) => editions.has(release!));
    expect(known.length).toBeGreaterThan(50);
    expect(new Set(known.map(([release]) => release)).size).toBe(8);
    expect(known.filter(([release, edition]) => edition !== editions.get(release!))).toEqual([]);
  });

  test("follows a directory that was moved into the place of the old one, and a link that was turned", async () => {
    const [one, two, link] = ["one", "two", "current"].map((name) => join(scratch.path, "moved", name));
    for (const [path, page] of [
      [one!, "page one"],
      [two!, "page two"],
    ] as const) {
      mkdirSync(join(path, "public"), { recursive: true });
      writeFileSync(join(path, "public/index.html"), page);
    }
    symlinkSync(one!, link!);
    await using other = await startNode([link!, "--watch", "--ephemeral"]);
    const page = async (): Promise<string> => (await fetch(`${other.url}/`)).text();
    expect(await page()).toBe("page one");
    symlinkSync(two!, `${link}.new`);
    renameSync(`${link}.new`, link!);
    await waitFor("the page of the other directory", async () => (await page()) === "page two");
    writeFileSync(join(two!, "public/index.html"), "page two, edited");
    await waitFor("an edit in the other directory", async () => (await page()) === "page two, edited");

    await using third = await startNode([one!, "--watch", "--ephemeral"]);
    rmSync(one!, { recursive: true });
    await third.record(({ event, message }) => event === "problem" && /does not exist/.test(String(message)));
    mkdirSync(join(one!, "public"), { recursive: true });
    writeFileSync(join(one!, "public/index.html"), "page one is back");
    await waitFor("the page that came back", async () => {
      return (await (await fetch(`${third.url}/`)).text()) === "page one is back";
    });
  });

  test("goes on answering when a module is deleted, and still stops in order", async () => {
    const page = await (await fetch(`${node.url}/`)).text();
    rmSync(join(scratch.path, "cgi.wasm"));
    await node.record(({ event, message }) => event === "problem" && /no such file/.test(String(message)));
    expect(await (await fetch(`${node.url}/`)).text()).toBe(page);
    expect((await fetch(`${node.url}/cgi`)).status).toBe(200);
    expect(await node.stop()).toBe(0);
  });
});
