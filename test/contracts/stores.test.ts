/** The contract of stores, held by the one on a disk, by the same opened anew for each question, and in memory. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemoryStore, openStore, type Store } from "../../src/store/index.ts";
import { describeStore, type StoreUnderTest, testAuditBound } from "./store.ts";

function onDisk(isOpenedAnew: boolean): StoreUnderTest {
  const dir = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "emend-store-"));
  let store: Store | undefined;
  return {
    store: () => {
      if (isOpenedAnew) store?.[Symbol.dispose]();
      if (store === undefined || isOpenedAnew) store = openStore(dir);
      return store;
    },
    dispose: () => {
      store?.[Symbol.dispose]();
      rmSync(dir, { recursive: true });
    },
  };
}

function inMemory(): StoreUnderTest {
  const store = openMemoryStore();
  return { store: () => store, dispose: () => store[Symbol.dispose]() };
}

describeStore("a store on a disk", () => onDisk(false));
describeStore("a store on a disk that is opened anew for each question", () => onDisk(true));
describeStore("a store in memory", inMemory);
testAuditBound(inMemory);
testAuditBound(() => onDisk(false));
