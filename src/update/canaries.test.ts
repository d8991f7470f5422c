import { expect, test } from "bun:test";
import { Canaries } from "./canaries.ts";
import type { ReadyRelease } from "./site-lane.ts";
import type { UpdatedSite } from "./updated-site.ts";

const [stable, digest] = ["sha256:stable", "sha256:canary"];
const record = { digest, percent: 5, startedMs: 0, key: "00", cookie: false };
type Site = UpdatedSite<ReadyRelease>;

/** A site as far as a canary needs it, and what became of it. `failing` names the steps that fail. */
function siteWhose(...failing: readonly string[]): { site: Site; did: string[] } {
  const did: string[] = [];
  const step = <T>(name: string, value: T): T => {
    did.push(name);
    if (failing.includes(name)) throw new Error(`${name} failed`);
    return value;
  };
  const site = {
    name: "default",
    running: stable,
    generation: 3,
    journaled: { canary: record },
    open: async () => step("open", {}),
    prepare: async () => step("prepare", { ready: {} }),
    orDiscard: (_: unknown, work: () => unknown) => work(),
    lane: { probe: async () => step("probe", undefined) },
    tenure: {
      canary: undefined as unknown,
      startCanary: () => step("start", undefined),
      canaryStatus: () => ({ state: "aborted", before: stable }),
    },
    releases: { sequenceOf: () => 1, follow: () => {} },
    journal: { change: async (...call: unknown[]) => step(call.join(" "), {}) },
    turns: { inTurn: (work: () => unknown) => work() },
    notices: {
      problem: (error: Error, what: string) => did.push(`problem: ${what}: ${error.message}`),
      publish: ({ event, reason }: { event: string; reason: string }) => did.push(`${event}: ${reason}`),
      tell: async ({ text }: { text: string }) => did.push(text),
      audited: (_: string, __: string, work: (about: object) => unknown) => work({}),
    },
    step: () => ({}),
    settle: () => {},
  };
  return { site: site as unknown as Site, did };
}

test("after a restart a canary goes on where it can", async () => {
  const { site, did } = siteWhose();
  await new Canaries(site).resume(record);
  expect(did).toEqual(["open", "prepare", "probe", "start"]);
});

test.each(["open", "prepare", "probe"])(
  "one whose %s fails then is aborted, durably and for all to hear",
  async (name) => {
    const { site, did } = siteWhose(name);
    await new Canaries(site).resume(record);
    const reason = "it could not be taken up again after a restart";
    expect(did.slice(did.indexOf(name) + 1)).toEqual([
      `problem: the canary of ${digest} does not go on after the restart: ${name} failed`,
      "endCanary aborted ",
      `canary-aborted: ${reason}`,
      `emend: the canary ${digest} of site default was aborted: ${reason}`,
    ]);
  },
);

test("a verdict that cannot be made durable is told, and a good release is not promoted", async () => {
  const { site, did } = siteWhose("endCanary promoted ");
  const canary = { record, live: { ready: {} } } as never;
  (site.tenure as unknown as { canary: unknown }).canary = canary;
  await new Canaries(site).decide(canary, { kind: "good" });
  expect(did).toEqual([
    "endCanary promoted ",
    `problem: the canary of ${digest} ended with promote, which failed: endCanary promoted  failed`,
  ]);
});

test("a verdict on a canary that has ended meanwhile changes nothing", async () => {
  const { site, did } = siteWhose();
  await new Canaries(site).decide({ record } as never, { kind: "good" });
  expect(did).toEqual([]);
});
