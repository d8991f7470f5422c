/**
 * Two hundred releases one after the other, while clients ask all the time: every answer is whole, of one release,
 * and the one that its x-emend-release names; no connection ends; nothing of a release is left when it is gone.
 */
import { expect, test } from "bun:test";
import type { Prepared } from "../../src/lane/index.ts";
import { ownGuest } from "../support/guests.ts";
import { countsOf, faultsOf, startLoad, witnessRelease } from "../support/release-load.ts";
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

function releaseOf(name: string): SiteUnderTest {
  const { "site.toml": toml, ...files } = witnessRelease(name, witness);
  return { files, toml: String(toml) };
}

/** Names by what x-emend-release says. */
const names = new Map<string, string>();

async function prepare({ lane }: ServedSites, name: string): Promise<Prepared> {
  const content = siteContent(releaseOf(name));
  names.set(content.digest.slice(7, 19), name);
  return lane.prepare("default", content, await siteGrants({}));
}

test("releases replace each other under load: nothing fails, nothing is mixed, nothing is left", async () => {
  const first = releaseOf("r0");
  names.set(siteContent(first).digest.slice(7, 19), "r0");
  const site = await serveSite(first);
  const load = startLoad({ port: site.port, nameOf: (release) => names.get(release), clientsEach });

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
  await load.stop();

  expect(faultsOf(load)).toEqual([]);
  for (const { answers } of Object.values(load.tallies)) expect(answers).toBeGreaterThan(clientsEach * 4);
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
  console.log(
    `${swaps} releases under ${countsOf(load)}: none failed, none mixed, ${alive()} of the old ones not collected yet`,
  );
  await site.stop();
}, 120_000);
