/** What every store must do, wherever it keeps things: one suite that each runs. What survives crashes is in test/hammer. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { contentDigest, sha256Hex } from "../../src/bytes/index.ts";
import { EmendError } from "../../src/errors.ts";
import { storeAuditsMax, storeBadMax, storeCommittedMax } from "../../src/limits.ts";
import type { SiteStore, Store } from "../../src/store/index.ts";
import { base, baseContent, commitOf, contentOf, digestOf, putBlobsOf } from "../support/store-fixture.ts";

export interface StoreUnderTest {
  /** The store; one that is opened anew at each call will do as well. */
  store(): Store;
  dispose(): void;
}

const other = { digest: contentDigest([]), files: [] };

/** Runs the suite against one kind of store. */
export function describeStore(name: string, create: () => StoreUnderTest): void {
  describe(name, () => {
    let under: StoreUnderTest;
    beforeEach(() => {
      under = create();
    });
    afterEach(() => under.dispose());

    /** The site, begun. */
    const site = (site = "default", from = base): SiteStore => {
      const found = under.store().site(site);
      found.begin(from);
      return found;
    };
    const collect = (): number => {
      const store = under.store();
      for (const each of store.sites()) store.site(each).begin(base);
      return store.collectGarbage();
    };
    const settle = (release: string, of = "default"): void => {
      putBlobsOf(site(of), release);
      collect();
    };
    const kept = (of = "default"): (string | null)[] =>
      site(of)
        .record()
        .releases.map(({ label }) => label);
    const refusal = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        if (error instanceof EmendError) return error.code;
        throw error;
      }
      return "nothing";
    };

    test("begin of a new site runs the base", () => {
      expect(site().record()).toEqual({
        site: "default",
        base: base.digest,
        running: null,
        sequence: 0,
        generation: 0,
        floor: 0,
        newestCreatedMs: 0,
        releases: [],
        bad: [],
        canary: null,
        committed: [],
      });
    });

    test("commit runs the release and raises floor, generation and newest date", () => {
      const entry = commitOf("A", 10);
      const record = site().commit(entry);
      expect(record).toMatchObject({ running: digestOf("A"), sequence: 10, generation: 1, floor: 10 });
      expect(record).toMatchObject({
        newestCreatedMs: 10_000,
        committed: [entry.manifestDigest],
        canary: null,
      });
      expect(record.releases.map(({ files, ...release }) => ({ ...release, files: new Set(files) }))).toEqual(
        [{ ...entry.release, files: new Set(entry.release.files) }],
      );
      expect(site().record()).toEqual({ ...record, releases: site().record().releases });
    });

    test("commit of a lower sequence, after the floor was lowered, leaves floor and date where they are", () => {
      site().commit(commitOf("A", 10));
      site().lowerFloor(8);
      expect(site().commit(commitOf("B", 6))).toMatchObject({
        floor: 8,
        newestCreatedMs: 10_000,
        sequence: 6,
      });
    });

    test("commit of content that is kept already gives it a new sequence and keeps it once", () => {
      site().commit(commitOf("A", 10));
      site().commit(commitOf("B", 20));
      site().commit(commitOf("A", 30));
      expect(kept()).toEqual(["A", "B"]);
      expect(site().record()).toMatchObject({ running: digestOf("A"), sequence: 30 });
    });

    test("commit refuses a list of files with another digest: a mistake of ours", () => {
      const entry = commitOf("A", 10);
      const lying = { ...entry, release: { ...entry.release, digest: digestOf("B") } };
      expect(() => site().commit(lying)).toThrow("invariant");
      expect(site().record().generation).toBe(0);
    });

    test("rollback runs an older release with its sequence, and neither floor nor date go back", () => {
      site().commit(commitOf("A", 10));
      site().commit(commitOf("B", 20));
      const record = site().rollback(digestOf("A"), digestOf("B"));
      expect(record).toMatchObject({ running: digestOf("A"), sequence: 10, floor: 20, generation: 3 });
      expect(record).toMatchObject({ newestCreatedMs: 20_000, bad: [digestOf("B")] });
      expect(kept()).toEqual(["B", "A"]);
    });

    test("rollback to the base runs nothing of the store", () => {
      site().commit(commitOf("A", 10));
      expect(site().rollback(base.digest, null)).toMatchObject({
        running: null,
        sequence: 0,
        floor: 10,
        bad: [],
      });
    });

    test("rollback refuses what is not kept", () => {
      site().commit(commitOf("A", 10));
      expect(refusal(() => site().rollback(digestOf("B"), null))).toBe("release.unknown");
      expect(site().record().generation).toBe(1);
    });

    test("bad releases are remembered, the newest first, so many of them, and can be cleared", () => {
      site().commit(commitOf("A", 10));
      for (let i = 0; i < storeBadMax + 2; i++) site().rollback(digestOf("A"), `sha256:${i}`);
      site().rollback(digestOf("A"), "sha256:5");
      const { bad } = site().record();
      expect(bad).toHaveLength(storeBadMax);
      expect(bad.slice(0, 2)).toEqual(["sha256:5", `sha256:${storeBadMax + 1}`]);
      expect(site().clearBad("sha256:5").bad).not.toContain("sha256:5");
      expect(site().clearBad("sha256:none").bad).toHaveLength(storeBadMax - 1);
    });

    test("committed manifests are remembered, the newest first, so many of them", () => {
      const begun = site();
      for (let i = 1; i <= storeCommittedMax + 2; i++) begun.commit(commitOf("A", i));
      const { committed } = site().record();
      expect(committed).toHaveLength(storeCommittedMax);
      expect(committed[0]).toBe(commitOf("A", storeCommittedMax + 2).manifestDigest);
      expect(committed.at(-1)).toBe(commitOf("A", 3).manifestDigest);
    });

    const canary = { digest: digestOf("B"), percent: 5, startedMs: 7, key: "ab", cookie: true };

    test("a canary runs beside what runs, counts for the floor, and is promoted", () => {
      site().commit(commitOf("A", 10));
      const trying = site().commit(commitOf("B", 20, { canary }));
      expect(trying).toMatchObject({
        running: digestOf("A"),
        sequence: 10,
        floor: 20,
        generation: 2,
        canary,
      });
      expect(site().record().canary).toEqual(canary);
      const promoted = site().endCanary("promoted");
      expect(promoted).toMatchObject({
        running: digestOf("B"),
        sequence: 20,
        generation: 3,
        canary: null,
        bad: [],
      });
    });

    test("a canary that is aborted leaves what runs and may be remembered as bad", () => {
      site().commit(commitOf("A", 10));
      site().commit(commitOf("B", 20, { canary }));
      const aborted = site().endCanary("aborted", digestOf("B"));
      expect(aborted).toMatchObject({
        running: digestOf("A"),
        sequence: 10,
        floor: 20,
        generation: 3,
        canary: null,
      });
      expect(aborted.bad).toEqual([digestOf("B")]);
      expect(refusal(() => site().endCanary("aborted"))).toBe("canary.none");
    });

    test("a canary beside the base is promoted or aborted as well", () => {
      expect(site().commit(commitOf("B", 20, { canary }))).toMatchObject({ running: null, sequence: 0 });
      expect(site().endCanary("promoted")).toMatchObject({ running: digestOf("B"), sequence: 20 });
    });

    test("lowerFloor lowers the floor and never raises it", () => {
      site().commit(commitOf("A", 10));
      expect(site().lowerFloor(11).floor).toBe(10);
      expect(site().lowerFloor(4).floor).toBe(4);
      expect(site().record()).toMatchObject({ floor: 4, generation: 1, running: digestOf("A") });
    });

    test("dropDamaged gives a release up; what runs in its place is the newest that is not bad", () => {
      for (const [i, name] of ["A", "B", "C"].entries()) site().commit(commitOf(name, i + 1, { keep: 5 }));
      site().rollback(digestOf("C"), digestOf("B"));
      expect(site().dropDamaged(digestOf("C"))).toMatchObject({
        running: digestOf("A"),
        sequence: 1,
        floor: 3,
      });
      expect(kept()).toEqual(["B", "A"]);
      expect(site().dropDamaged(digestOf("A"))).toMatchObject({ running: null, sequence: 0, floor: 3 });
    });

    test("dropDamaged of what is on trial ends the trial", () => {
      site().commit(commitOf("B", 20, { canary }));
      expect(site().dropDamaged(digestOf("B"))).toMatchObject({ running: null, canary: null, floor: 20 });
    });

    test("begin with another base lets it win, keeps the floor, and drops what needs the old one", () => {
      site().commit(commitOf("A", 10));
      settle("A");
      const record = site("default", other).record();
      expect(record).toMatchObject({
        base: other.digest,
        running: null,
        sequence: 0,
        floor: 10,
        releases: [],
      });
      expect(record.committed).toHaveLength(1);
      expect(site("default", other).pendingPatches()).toEqual([]);
    });

    test("begin with another base keeps releases that are whole without the old one", () => {
      site().commit(commitOf("A", 10));
      settle("A");
      site().putBlob(sha256Hex(baseContent["shared.css"]!), Buffer.from(baseContent["shared.css"]!));
      const record = site("default", other).record();
      expect(record).toMatchObject({ running: null, floor: 10 });
      expect(record.releases.map(({ label }) => label)).toEqual(["A"]);
      expect(site("default", other).rollback(digestOf("A"), null).running).toBe(digestOf("A"));
    });

    test("pendingPatches are those up to the last release that is not all there, oldest first", () => {
      for (const [i, name] of ["A", "B", "C"].entries()) site().commit(commitOf(name, i + 1, { keep: 5 }));
      putBlobsOf(site(), "C");
      expect(site().pendingPatches()).toEqual(
        ["A", "B"].map((name, i) => ({
          release: digestOf(name),
          manifestDigest: commitOf(name, i + 1).manifestDigest,
          patch: new Uint8Array(commitOf(name, i + 1).patch),
        })),
      );
      putBlobsOf(site(), "B");
      expect(
        site()
          .pendingPatches()
          .map(({ release }) => release),
      ).toEqual([digestOf("A")]);
      putBlobsOf(site(), "A");
      expect(site().pendingPatches()).toEqual([]);
    });

    test("holds what is in the store and what is in the base", () => {
      const own = sha256Hex(contentOf("A")["long.js"]!);
      expect(site().holds(own)).toBe(false);
      expect(site().holds(base.files[0]!.sha256)).toBe(true);
      expect(site().readBlob(own)).toBeNull();
      expect(site().blobPath(own)).toBeNull();
      site().commit(commitOf("A", 10));
      putBlobsOf(site(), "A");
      expect(site().holds(own)).toBe(true);
      expect(site().readBlob(own)).toEqual(new TextEncoder().encode(contentOf("A")["long.js"]));
    });

    test("putBlob keeps bytes that their giver changes later", () => {
      const bytes = Buffer.from("as they were");
      const sha256 = sha256Hex(bytes);
      site().putBlob(sha256, bytes);
      bytes.fill(0);
      expect(new TextDecoder().decode(site().readBlob(sha256)!)).toBe("as they were");
    });

    test("collectGarbage trims to `keep` and removes what no kept release needs", () => {
      for (const [i, name] of ["A", "B", "C"].entries()) {
        site().commit(commitOf(name, i + 1, { keep: 2 }));
        settle(name);
      }
      expect(kept()).toEqual(["C", "B"]);
      for (const [name, there] of [
        ["A", false],
        ["B", true],
        ["C", true],
      ] as const)
        expect([name, site().holds(sha256Hex(contentOf(name)["long.js"]!))]).toEqual([name, there]);
      expect(collect()).toBe(0);
    });

    test("collectGarbage keeps what runs, what is on trial, and one release to go back to, whatever `keep` is", () => {
      for (const [i, name] of ["A", "B", "C", "D"].entries()) {
        site().commit(commitOf(name, i + 1, { keep: 9 }));
        putBlobsOf(site(), name);
      }
      site().rollback(digestOf("A"), digestOf("D"));
      site().commit(commitOf("E", 9, { keep: 1, canary: { ...canary, digest: digestOf("E") } }));
      settle("E");
      // E is on trial, A runs; of those that are not bad E and C are the newest. B and D are let go.
      expect(kept()).toEqual(["E", "C", "A"]);
    });

    test("collectGarbage removes nothing that a patch could need which is needed itself", () => {
      site().commit(commitOf("A", 1, { keep: 1 }));
      putBlobsOf(site(), "A");
      site().commit(commitOf("B", 2, { keep: 1 }));
      site().commit(commitOf("C", 3, { keep: 1 }));
      expect(collect()).toBe(0);
      expect(kept()).toEqual(["C", "B", "A"]);
      for (const name of ["B", "C"]) putBlobsOf(site(), name);
      // Three patches, A's list and its two files.
      expect(collect()).toBe(6);
      expect(kept()).toEqual(["C", "B"]);
    });

    test("collectGarbage keeps what another site shares, and everything of a site that has not begun", () => {
      site("one").commit(commitOf("A", 1, { keep: 1 }));
      site("two").commit(commitOf("A", 1, { keep: 1 }));
      settle("A", "one");
      for (const [i, name] of ["B", "C"].entries()) {
        site("one").commit(commitOf(name, i + 2, { keep: 1 }));
        settle(name, "one");
      }
      expect(kept("one")).toEqual(["C", "B"]);
      expect(kept("two")).toEqual(["A"]);
      expect(site("two").holds(sha256Hex(contentOf("A")["long.js"]!))).toBe(true);
      const store = under.store();
      store.site("one").begin(base);
      store.collectGarbage();
      expect(kept("two")).toEqual(["A"]);
    });

    test("sites know nothing of each other", () => {
      site("one").commit(commitOf("A", 10));
      site("One").commit(commitOf("B", 20));
      site("..").commit(commitOf("C", 30));
      expect(under.store().sites().toSorted()).toEqual(["..", "One", "one"]);
      expect([kept("one"), kept("One"), kept("..")]).toEqual([["A"], ["B"], ["C"]]);
      expect(site("one").record()).toMatchObject({ site: "one", floor: 10, generation: 1 });
    });

    const entry = { atMs: 5, actor: "ci", action: "patch", verdict: "ok", release: null, detail: null };

    test("audits are told the newest first, of one site or of all", () => {
      for (const [i, of] of ["one", "two", null, "one"].entries())
        under.store().audit({ ...entry, site: of, detail: String(i) });
      const details = (of: string | null, limit: number) =>
        under
          .store()
          .audits({ site: of, limit })
          .map(({ detail }) => detail);
      expect(details(null, 9)).toEqual(["3", "2", "1", "0"]);
      expect(details("one", 9)).toEqual(["3", "0"]);
      expect(details(null, 1)).toEqual(["3"]);
      expect(under.store().audits({ site: "two", limit: 1 })).toEqual([
        { ...entry, site: "two", detail: "1" },
      ]);
    });

    test("nothing of all this is a problem", () => {
      site().commit(commitOf("A", 10));
      settle("A");
      site("default", other);
      expect(under.store().takeProblems()).toEqual([]);
    });
  });
}

/** For those that keep an audit log open at no cost: it has an end. */
export function testAuditBound(create: () => StoreUnderTest): void {
  test("audits are bounded", () => {
    const under = create();
    const store = under.store();
    const entry = { actor: "ci", site: null, action: "patch", verdict: "ok", release: null, detail: null };
    for (let atMs = 1; atMs <= storeAuditsMax + 5; atMs++) store.audit({ ...entry, atMs });
    const all = store.audits({ site: null, limit: storeAuditsMax * 2 });
    expect([all.length, all.at(-1)?.atMs]).toEqual([storeAuditsMax, 6]);
    under.dispose();
  });
}
