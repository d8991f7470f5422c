/**
 * Records what a store does to its directory where there is no strace: its own steps through the seam, and SQLite's by
 * what they left. Of SQLite its promises are believed: what it has appended to its log it has synced, and its database
 * changes whole.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Disk, nodeDisk, openStore } from "../../src/store/index.ts";
import type { DiskStep } from "./power-cut.ts";
import { runScript } from "./store-script.ts";

const database = "journal.db";
const log = "journal.db-wal";

/** The steps of the script in an empty directory. */
export function recordScript(dir: string): DiskStep[] {
  const recorder = new Recorder(dir);
  const open = () => openStore(dir, { disk: recorder.disk });
  runScript(open, (done) => recorder.add({ kind: "mark", done }));
  recorder.look();
  return recorder.steps;
}

class Recorder {
  readonly steps: DiskStep[] = [];
  readonly disk: Disk;
  readonly #dir: string;
  readonly #seen = new Map<string, Buffer>();

  constructor(dir: string) {
    this.#dir = dir;
    const at = (path: string) => relative(dir, path) || ".";
    this.disk = {
      ...nodeDisk,
      write: (path, bytes) => {
        this.add(
          existsSync(path)
            ? { kind: "truncate", path: at(path), length: 0 }
            : { kind: "create", path: at(path) },
          { kind: "write", path: at(path), offset: 0, bytes: bytes.slice() },
        );
        nodeDisk.write(path, bytes);
        if (at(path) === database) this.#seen.set(database, Buffer.alloc(0));
      },
      sync: (path) => {
        this.add({ kind: "sync", path: at(path) });
        nodeDisk.sync(path);
      },
      syncDirectory: (path) => {
        this.add({ kind: "sync", path: at(path) });
        nodeDisk.syncDirectory(path);
      },
      rename: (from, to) => {
        this.add({ kind: "rename", path: at(from), to: at(to) });
        nodeDisk.rename(from, to);
      },
      remove: (path) => {
        this.add({ kind: "remove", path: at(path) });
        nodeDisk.remove(path);
      },
      makeDirectory: (path) => {
        this.add({ kind: "makeDirectory", path: at(path) });
        nodeDisk.makeDirectory(path);
      },
    };
  }

  add(...steps: DiskStep[]): void {
    this.look();
    this.steps.push(...steps);
  }

  /** What SQLite has done since the last look. */
  look(): void {
    this.#lookAtLog();
    this.#lookAtDatabase();
    if (this.#seen.has(log) && !existsSync(join(this.#dir, log))) {
      this.#seen.delete(log);
      this.steps.push({ kind: "remove", path: log });
    }
  }

  #lookAtLog(): void {
    const now = this.#changed(log);
    if (now === null) return;
    const before = this.#seen.get(log);
    if (before === undefined) this.steps.push({ kind: "create", path: log }, { kind: "sync", path: "." });
    const offset = before !== undefined && now.subarray(0, before.length).equals(before) ? before.length : 0;
    if (now.length > offset) {
      this.steps.push(
        { kind: "write", path: log, offset, bytes: now.subarray(offset) },
        { kind: "sync", path: log },
      );
    }
    this.#seen.set(log, now);
  }

  #lookAtDatabase(): void {
    const now = this.#changed(database);
    if (now === null) return;
    const path = `${database}-whole`;
    this.steps.push(
      ...([
        { kind: "create", path },
        { kind: "write", path, offset: 0, bytes: now },
        { kind: "sync", path },
      ] as const),
      ...([
        { kind: "rename", path, to: database },
        { kind: "sync", path: "." },
      ] as const),
    );
    this.#seen.set(database, now);
  }

  /** Null when it is as it was, or not there. */
  #changed(name: string): Buffer | null {
    const path = join(this.#dir, name);
    if (!existsSync(path)) return null;
    const now = readFileSync(path);
    return this.#seen.get(name)?.equals(now) === true ? null : now;
  }
}
