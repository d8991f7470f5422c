import { expect, test } from "bun:test";
import type { SiteStore } from "../store/index.ts";
import { changeJournal, type JournalCall } from "./journal-call.ts";

const calls: readonly JournalCall[] = [
  ["rollback", "sha256:one", "sha256:two"],
  ["endCanary", "aborted", null],
  ["clearBad", "sha256:one"],
  ["lowerFloor", 7],
  ["dropDamaged", "sha256:one"],
];

test.each(calls)("%s reaches the store with what it is called with", (...call: readonly unknown[]) => {
  const store = new Proxy({} as SiteStore, {
    get:
      (_, method) =>
      (...args: unknown[]) => [method, ...args],
  });
  expect(changeJournal(store, call as unknown as JournalCall) as unknown).toEqual(call as unknown[]);
});
