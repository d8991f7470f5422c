/**
 * A store is killed at the k-th write, sync, rename, … of each kind, SQLite's included, or is refused it by the disk.
 * Killed, it leaves exactly the release before or the one after; refused, it changes nothing and can be asked again.
 * A sample of the k; every one with `EMEND_LONG=1`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, nodeDisk, openStore } from "../../src/store/index.ts";
import { base } from "../support/store-fixture.ts";
import { expectedStandings, insistOnScript, standingOf } from "../support/store-script.ts";
import { findFault } from "../support/store-verdict.ts";
import { straceSet, whyNoStrace } from "../support/system-calls.ts";

const isLong = Bun.env.EMEND_LONG === "1";
/** Each so-manieth moment of some 230. */
const stride = isLong ? 1 : 6;

const noStrace = whyNoStrace();
if (noStrace !== null) console.log(`store-kills.test.ts: what strace does is skipped: ${noStrace}`);

const program = join(import.meta.dir, "../support/store-script.ts");
const standings = expectedStandings();

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "emend-kills-"));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

interface Place {
  readonly state: string;
  readonly marks: string;
}

function makePlace(): Place {
  const dir = mkdtempSync(join(scratch, "run-"));
  mkdirSync(join(dir, "state"));
  return { state: join(dir, "state"), marks: join(dir, "marks") };
}

/** Runs the script with one call tampered with; the exit code. */
function runWith(tamper: string, place: Place, mode: "insist" | "once"): number | null {
  const calls = straceSet([tamper.split(":")[0]!]);
  const options = ["-qq", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${tamper}`];
  const words = [process.execPath, program, place.state, mode === "insist" ? "insist" : place.marks];
  const { exitCode, stderr } = Bun.spawnSync(["strace", ...options, ...words]);
  if (exitCode === 1) throw new Error(`${tamper}: ${stderr}`);
  return exitCode;
}

/** Every k-th call of a kind that the script makes on its directory, as strace counts them. */
function moments(calls: readonly string[]): readonly (readonly [call: string, k: number])[] {
  const place = makePlace();
  const log = join(place.state, "../calls");
  const options = ["-qq", "-y", "-o", log, "-e", `trace=${straceSet(calls)}`];
  Bun.spawnSync(["strace", ...options, process.execPath, program, place.state, place.marks]);
  const counts = new Map<string, number>();
  return readFileSync(log, "latin1")
    .split("\n")
    .flatMap((line) => {
      const call = /^(\w+)\(/.exec(line)?.[1] ?? "";
      const k = (counts.get(call) ?? 0) + 1;
      counts.set(call, k);
      return line.includes(`${place.state}/`) || line.includes(`${place.state}>`) ? [[call, k] as const] : [];
    });
}

describe.skipIf(noStrace !== null)("a store", () => {
  const killable = ["write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "mkdir", "ftruncate"];
  test("killed at any write, sync, rename or removal is what it was before the step or after", () => {
    const all = moments(killable);
    expect(all.length).toBeGreaterThan(200);
    const faults = all
      .filter((_, i) => i % stride === 0)
      .flatMap(([call, k]) => {
        const place = makePlace();
        expect(runWith(`${call}:signal=SIGKILL:when=${k}`, place, "once")).not.toBe(0);
        const marks = existsSync(place.marks) ? readFileSync(place.marks, "utf8").trim().split("\n") : [];
        const done = Number(marks.at(-1) ?? -1);
        const fault = findFault(place.state, standings.slice(Math.max(0, done), done + 2));
        return fault === null ? [] : `${call} ${k}: ${fault}`;
      });
    expect(faults).toEqual([]);
  }, 600_000);

  const refusals: readonly (readonly [call: string, error: string])[] = [
    ["pwrite64", "ENOSPC"],
    ["write", "ENOSPC"],
    ["fsync", "EIO"],
    ["rename", "EIO"],
  ];
  test.each(refusals)(
    "refused a %s with %s says so, changes nothing, and can be asked again",
    (...refusal) => {
      const [call, error] = refusal;
      const codes = new Set<number | null>();
      for (const [, k] of moments([call]).filter((_, i) => i % stride === 0)) {
        const place = makePlace();
        codes.add(runWith(`${call}:error=${error}:when=${k}`, place, "insist"));
        using store = openStore(place.state);
        expect(standingOf(store.site("default").begin(base))).toEqual(standings.at(-1)!);
      }
      // 3: a step was refused. 0: nothing had to be, since the second copy of a record is written after the commit.
      expect(codes).toContain(3);
      expect([...codes].filter((code) => code !== 0 && code !== 3)).toEqual([]);
    },
    600_000,
  );
});

describe("a store through its seam", () => {
  /** A disk of which one step fails, once; `count` tells how many there were. */
  function failingDisk(at: number, code: string): { disk: Disk; count: () => number } {
    let count = 0;
    const step =
      <Args extends unknown[], Result>(run: (...args: Args) => Result) =>
      (...args: Args): Result => {
        if (count++ === at) throw Object.assign(new Error(`${code}: refused by the test`), { code });
        return run(...args);
      };
    const disk: Disk = {
      ...nodeDisk,
      write: step(nodeDisk.write),
      sync: step(nodeDisk.sync),
      syncDirectory: step(nodeDisk.syncDirectory),
      rename: step(nodeDisk.rename),
      remove: step(nodeDisk.remove),
    };
    return { disk, count: () => count };
  }

  test.each(["ENOSPC", "EIO", "EROFS"])(
    "refused any step with %s changes nothing and can be asked again",
    (code) => {
      const counting = failingDisk(-1, code);
      insistOnScript(() => openStore(makePlace().state, { disk: counting.disk }));
      const steps = counting.count();
      expect(steps).toBeGreaterThan(100);
      for (let at = 0; at < steps; at += isLong ? 1 : 5) {
        const { state } = makePlace();
        const { disk } = failingDisk(at, code);
        insistOnScript(() => openStore(state, { disk }));
        using store = openStore(state);
        expect(standingOf(store.site("default").begin(base))).toEqual(standings.at(-1)!);
      }
    },
  );
});
