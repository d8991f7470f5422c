/** Judges what a crash left of a store: exactly one of the releases that it may be, whole, and ready for the next. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../../src/bytes/index.ts";
import { messageOf } from "../../src/errors.ts";
import { openStore, type SiteStore, type Store } from "../../src/store/index.ts";
import { base, commitOf, contentOf, contentOfPatch, digestOf, putBlobsOf } from "./store-fixture.ts";
import { type Standing, standingOf } from "./store-script.ts";

/**
 * What is wrong with the store in `dir`, which is used up; null when nothing is. Both places of a record are also tried
 * alone, as if the other had been lost beside.
 */
export function findFault(dir: string, allowed: readonly Standing[]): string | null {
  for (const lost of [["journal.db", "journal.db-wal"], ["sites"]]) {
    const alone = mkdtempSync(`${dir}-`);
    try {
      cpSync(dir, alone, { recursive: true });
      for (const name of lost) rmSync(join(alone, name), { recursive: true, force: true });
      const fault = openAndJudge(alone, (store) => judgeStanding(store.site("default"), allowed));
      if (fault !== null) return `without ${lost[0]}: ${fault}`;
    } finally {
      rmSync(alone, { recursive: true });
    }
  }
  return (
    openAndJudge(dir, (store) => {
      const site = store.site("default");
      const fault = judgeStanding(site, allowed) ?? judgeProblems(store) ?? judgeContent(site);
      if (fault === null) takeNext(store);
      return fault ?? judgeProblems(store);
    }) ?? openAndJudge(dir, (store) => judgeNext(store.site("default")))
  );
}

function openAndJudge(dir: string, judge: (store: Store) => string | null): string | null {
  try {
    using store = openStore(dir);
    return judge(store);
  } catch (error) {
    return `it threw: ${messageOf(error)}`;
  }
}

function judgeStanding(site: SiteStore, allowed: readonly Standing[]): string | null {
  const found = JSON.stringify(standingOf(site.begin(base)));
  return allowed.some((each) => JSON.stringify(each) === found) ? null : `it stands at ${brief(found)}`;
}

/** Digests by their first digits. */
function brief(standing: string): string {
  return standing.replace(/([0-9a-f]{6})[0-9a-f]{58}/g, "$1…");
}

function judgeProblems(store: Store): string | null {
  const [problem] = store.takeProblems();
  return problem === undefined ? null : `it told: ${problem}`;
}

/** Every kept release can be made, of blobs, the base and the patches that are to be applied again. */
function judgeContent(site: SiteStore): string | null {
  const made = new Map(
    site
      .pendingPatches()
      .flatMap(({ patch }) => Object.values(contentOfPatch(patch)).map((text) => [sha256Hex(text), text])),
  );
  for (const { label, files } of site.record().releases) {
    for (const { path, sha256 } of files) {
      const bytes = site.readBlob(sha256);
      const text = bytes === null ? made.get(sha256) : new TextDecoder().decode(bytes);
      const isOfBase = base.files.some((each) => each.sha256 === sha256);
      if (!isOfBase && text !== contentOf(label ?? "")[path])
        return `${path} of release ${label} is not there`;
    }
  }
  return null;
}

const next = { name: "N", sequence: 1000 };

function takeNext(store: Store): void {
  const site = store.site("default");
  if (site.record().canary !== null) site.endCanary("aborted");
  site.commit(commitOf(next.name, next.sequence));
  for (const name of ["A", "B", "C", "D", "E", next.name]) {
    if (site.record().releases.some(({ digest }) => digest === digestOf(name))) putBlobsOf(site, name);
  }
  store.collectGarbage();
}

function judgeNext(site: SiteStore): string | null {
  const { running, floor } = site.begin(base);
  if (running !== digestOf(next.name) || floor !== next.sequence)
    return `the next release was lost: ${running}, ${floor}`;
  if (site.pendingPatches().length > 0) return "patches of whole releases are still there";
  return judgeContent(site);
}
