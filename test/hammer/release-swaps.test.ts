/**
 * Two hundred releases one after the other, while clients ask all the time: every answer is whole, of one release,
 * and the one that its x-emend-release names; no connection ends; nothing of a release is left when it is gone.
 */
import { expect, test } from "bun:test";
import type { Prepared } from "../../src/lane/index.ts";
import { ownGuest } from "../support/guests.ts";
import { RawConnection, valuesOf } from "../support/raw-connection.ts";
import {
  type ServedSites,
  type SiteUnderTest,
  serveSite,
  siteContent,
  siteGrants,
  waitFor,
} from "../support/serve-sites.ts";

const swaps = 200;
const swapMs = 15;
const clientsEach = 3;

const witness = await ownGuest("witness");

/** The guest as different bytes for each release: with a custom section behind it. */
function witnessOf(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  return Buffer.concat([witness, Buffer.from([0, text.length + 1, text.length]), text]);
}

function releaseOf(name: string): SiteUnderTest {
  return {
    files: {
      "witness.wasm": witnessOf(name),
      "public/release.txt": name,
      "public/page.html": `${name}\n`.repeat(500),
      "public/same.html": "the same in all of them\n".repeat(500),
    },
    toml: `
      [[route]]
      path = "/witness"
      module = "witness.wasm"
      timeout_ms = 30000
      env = { RELEASE = "${name}" }
      probe = { path = "/witness" }`,
  };
}

/** Names by what x-emend-release says. */
const names = new Map<string, string>();

interface Tally {
  answers: number;
  readonly faults: string[];
}

/** One request on a connection that stays open, and what its body has to be for the release that answered. */
interface Habit {
  readonly send: (connection: RawConnection) => Promise<void>;
  readonly body: (name: string) => string;
}

const head = (start: string, ...fields: string[]): string =>
  [`${start} HTTP/1.1`, "Host: h.test", ...fields, "", ""].join("\r\n");

const uploadBytes = 300_000;
const habits: Readonly<Record<string, Habit>> = {
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

async function ask(port: number, { send, body }: Habit, tally: Tally, isOver: () => boolean): Promise<void> {
  const connection = await RawConnection.open(port);
  while (!isOver()) {
    const sent = send(connection);
    const response = await connection.response();
    await sent;
    tally.answers++;
    const text = response?.body.toString("latin1");
    const [digest = ""] = response === undefined ? [] : valuesOf(response, "x-emend-release");
    const name = names.get(digest);
    const isRight =
      name !== undefined && response?.status === 200 && response.complete && text === body(name);
    if (!isRight) tally.faults.push(`${response?.status} ${digest} (${name}): ${text?.slice(0, 200)}`);
    // Clients and node share a process: without a rest for both the releases would wait for the clients.
    await Bun.sleep(5);
    if (connection.closed) return void tally.faults.push("the connection ended");
  }
  connection.abandon();
}

async function prepare({ lane }: ServedSites, name: string): Promise<Prepared> {
  const content = siteContent(releaseOf(name));
  names.set(content.digest.slice(7, 19), name);
  return lane.prepare("default", content, await siteGrants({}));
}

test("releases replace each other under load: nothing fails, nothing is mixed, nothing is left", async () => {
  const first = releaseOf("r0");
  names.set(siteContent(first).digest.slice(7, 19), "r0");
  const site = await serveSite(first);
  const tallies = Object.entries(habits).map(([name, habit]) => ({
    name,
    habit,
    tally: { answers: 0, faults: [] },
  }));
  let isOver = false;
  const clients = tallies.flatMap(({ habit, tally }) =>
    Array.from({ length: clientsEach }, () => ask(site.port, habit, tally, () => isOver)),
  );

  const gone: WeakRef<Prepared>[] = [];
  for (let i = 1; i <= swaps; i++) {
    const next = await prepare(site, `r${i}`);
    await site.lane.probe(next);
    const old = site.lane.commit(next);
    gone.push(new WeakRef(old));
    if (i % 10 === 0) {
      // Taken back, and taken in again.
      site.lane.commit(old);
      await Bun.sleep(swapMs);
      site.lane.commit(next);
    }
    site.lane.discard(old);
    await Bun.sleep(swapMs);
  }
  isOver = true;
  await Promise.all(clients);

  for (const { name, tally } of tallies) {
    expect([name, tally.faults]).toEqual([name, []]);
    expect(tally.answers).toBeGreaterThan(clientsEach * 4);
  }
  const { traffic, memory } = site.lane.status()[0]!;
  expect(traffic).toMatchObject({ inProgress: 0, holding: 0, waiting: 0, status: { "5xx": 0 } });
  // What the guests of the site have is what the pool of the release that answers has: the others gave all back.
  expect(memory.bytes).toBe(site.pools()["witness.wasm"]!.memoryBytes);
  const alive = (): number => gone.filter((each) => each.deref() !== undefined).length;
  await waitFor("the collection of what is gone", async () => {
    Bun.gc(true);
    await Bun.sleep(20);
    // The engine looks at the stack without knowing what on it is a pointer.
    return alive() <= 5;
  });
  const counts = tallies.map(({ name, tally }) => `${name} ${tally.answers}`).join(", ");
  console.log(
    `${swaps} releases under ${counts}: none failed, none mixed, ${alive()} of the old ones not collected yet`,
  );
  await site.stop();
}, 120_000);
