/**
 * A node that is patched, rolled back and tried on canaries without a rest, while clients ask it all the time and others
 * push what they must not: no request fails, no answer is of two releases, no hostile push changes anything, and what
 * the releases took is given back. `EMEND_LONG=1` for a thousand rounds.
 */
import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { ownGuest } from "../support/guests.ts";
import { createRandom } from "../support/random.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { countsOf, faultsOf, startLoad, witnessRelease } from "../support/release-load.ts";
import { waitFor } from "../support/serve-sites.ts";
import { keys } from "../support/signed-patches.ts";
import {
  type Files,
  publish,
  releaseOf,
  startUpdateNode,
  temporaryState,
  type UpdateNode,
} from "../support/update-node.ts";

const isLong = Bun.env.EMEND_LONG === "1";
const rounds = isLong ? 1000 : 24;
const timeoutMs = isLong ? 3_600_000 : 120_000;

const witness = await ownGuest("witness");
const random = createRandom();

/** Names by what x-emend-release says. */
const names = new Map<string, string>();
const digests = new Map<Files, string>();

function nextRelease(): Files {
  const name = `r${names.size}`;
  const files = witnessRelease(name, witness);
  const { digest } = releaseOf(files);
  digests.set(files, digest);
  names.set(digest.slice(7, 19), name);
  return files;
}

/** What nobody but the publisher may change. */
async function standing(node: UpdateNode): Promise<object> {
  const { release, sequence, generation, floor } = await node.status();
  return { release, sequence, generation, floor };
}

/** Pushes that are refused, by what they are refused with. */
const hostile: Readonly<
  Record<string, (patch: Uint8Array, from: Files, to: Files, last: Uint8Array) => Promise<Uint8Array>>
> = {
  "a flipped bit": async (patch) => {
    const bytes = new Uint8Array(patch);
    const at = random.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << random.below(8));
    return bytes;
  },
  "an end that is missing": async (patch) => patch.subarray(0, random.below(patch.length)),
  "something behind the end": async (patch) => Buffer.concat([patch, Uint8Array.of(0)]),
  "what was pushed before": async (_, __, ___, last) => last,
  "another site": (_, from, to) => publish(from, to, { site: "other" }),
  "a stranger's key": (_, from, to) => publish(from, to, { signers: [keys.mallory] }),
  "an old number": (_, from, to) => publish(from, to, { sequence: 3 }),
  "another node": (_, from, to) => publish(from, to, { recipient: "f".repeat(32) }),
  "a time that is over": (_, from, to) =>
    publish(from, to, { created: "2026-01-01T00:00:00Z", expires: "2026-01-02T00:00:00Z" }),
};

/** Uploads half of a patch, lets others try meanwhile, and uploads the rest. */
async function pushSlowly(
  node: UpdateNode,
  patch: Uint8Array,
  meanwhile: () => Promise<void>,
): Promise<number | undefined> {
  const admin = new URL(node.running.admin!);
  const connection = await RawConnection.open(Number(admin.port));
  const head = [
    "POST /v1/sites/default/patches HTTP/1.1",
    `Host: ${admin.host}`,
    "Authorization: Bearer the-token-of-the-tests",
    `Content-Length: ${patch.length}`,
  ];
  const half = patch.length >> 1;
  await connection.send(`${head.join("\r\n")}\r\n\r\n`);
  await connection.send(patch.subarray(0, half));
  await waitFor("the upload to begin", async () => (await node.status()).busy);
  await meanwhile();
  await connection.send(patch.subarray(half));
  const response = await connection.response();
  connection.abandon();
  return response?.status;
}

/** Live objects of the engine that a release holds; a forced collection comes first. */
function engineObjects(): number {
  Bun.gc(true);
  const counts = heapStats().objectTypeCounts;
  return ["Module", "Instance", "Memory"].reduce(
    (sum, name) => sum + (counts[`WebAssembly.${name}`] ?? 0),
    0,
  );
}

test(
  `updates, rollbacks, canaries and hostile pushes under load (EMEND_SEED=${random.seed})`,
  async () => {
    using state = temporaryState();
    let running = nextRelease();
    await using node = await startUpdateNode({
      sites: { default: running },
      dir: state.dir,
      site: {
        keepReleases: 3,
        watch: { windowMs: 250, requestsMin: 20, errorRateAbove: 0.01 },
        // It is told what to do; by itself it never has enough clients. The cookie that none sends makes each request a new one.
        canary: {
          ...{ percent: 50, windowMs: 3_600_000, requestsMin: 1, clientsMin: 10_000 },
          ...{ errorRateAbove: 0.001, p99RatioMax: 1000, webhook: undefined, cookie: true },
        },
      },
    });
    const port = Number(new URL(node.url).port);
    await using load = startLoad({ port, nameOf: (release) => names.get(release), clientsEach: 2 });
    const operate = async (path: string, body = "{}"): Promise<void> => {
      expect(await node.admin("POST", `/v1/sites/default/${path}`, body)).toMatchObject({ http: 200 });
    };
    let last: Uint8Array | undefined;
    let before = 0;
    for (let round = 0; round < rounds; round++) {
      if (round === rounds >> 2) before = engineObjects();
      const next = nextRelease();
      const patch = await publish(running, next);
      const was = await standing(node);
      for (const [what, make] of Object.entries(hostile)) {
        if (last === undefined) break;
        const { http, body } = await node.push(await make(patch, running, next, last));
        expect([what, http >= 400 && http < 500, body.error?.code]).toEqual([what, true, expect.any(String)]);
      }
      expect(await standing(node)).toEqual(was);
      if (round % 4 < 2) {
        const answer = await pushSlowly(node, patch, async () => {
          const second = await node.push(await publish(running, nextRelease()));
          expect(second).toMatchObject({ http: 409, body: { error: { code: "busy" } } });
        });
        expect(answer).toBe(200);
        last = patch;
        if (round % 4 === 0) {
          expect(await standing(node)).toMatchObject({ release: digests.get(next)! });
          await operate("rollback", JSON.stringify({ release: digests.get(running) }));
          expect(await standing(node)).toMatchObject({ release: digests.get(running)! });
        } else running = next;
      } else {
        expect(await node.push(patch, "?canary=50")).toMatchObject({ http: 200, body: { status: "canary" } });
        last = patch;
        await Bun.sleep(50);
        const isPromoted = round % 4 === 2;
        await operate(`canary/${isPromoted ? "promote" : "abort"}`);
        if (isPromoted) running = next;
      }
      expect(await standing(node)).toMatchObject({ release: digests.get(running)! });
      await Bun.sleep(30);
    }
    await load.stop();
    expect(faultsOf(load)).toEqual([]);
    for (const { answers } of Object.values(load.tallies)) expect(answers).toBeGreaterThan(rounds / 8);
    await waitFor("what releases took to be given back", async () => {
      await Bun.sleep(100);
      return engineObjects() <= before + 4;
    });
    console.log(`${rounds} rounds under ${countsOf(load)}: none failed, none mixed`);
  },
  timeoutMs,
);
