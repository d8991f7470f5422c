/** What a program did to a directory, by strace. Its main thread alone: there the store does everything. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { DiskStep } from "./power-cut.ts";

/** The calls that change a disk or make changes safe; the others of their kind are there to be noticed. */
export const changingCalls: readonly string[] = [
  ...[
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "ftruncate",
    "fallocate",
    "copy_file_range",
    "sendfile",
  ],
  ...[
    "fsync",
    "fdatasync",
    "sync_file_range",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
  ],
  ...["mkdirat", "link", "linkat", "openat"],
];

/** Null when it works here, or why not. */
export function whyNoStrace(): string | null {
  if (process.platform !== "linux") return "strace is a program of Linux";
  if (Bun.which("strace") === null) return "there is no strace on this machine";
  const tried = Bun.spawnSync(["strace", "-qq", "-o", "/dev/null", "true"]);
  return tried.exitCode === 0 ? null : `strace does not work here: ${tried.stderr.toString().trim()}`;
}

/** `?` lets strace pass over what this architecture has no call for. */
export const straceSet = (calls: readonly string[]): string => calls.map((name) => `?${name}`).join(",");

/**
 * Runs a program and tells what it did below `dir`. What it writes to the file `marks` are the marks: numbers, each on a
 * line of its own.
 */
export function recordSteps(command: readonly string[], dir: string, marks: string): DiskStep[] {
  const log = join(marks, "../calls");
  const options = [
    "-qq",
    "-y",
    "-xx",
    "-s",
    "10000000",
    "-e",
    `trace=${straceSet(changingCalls)}`,
    "-o",
    log,
  ];
  const { exitCode, stderr } = Bun.spawnSync(["strace", ...options, ...command]);
  if (exitCode !== 0) throw new Error(`strace: ${stderr}`);
  const reader = new CallReader(dir, marks);
  return readFileSync(log, "latin1")
    .split("\n")
    .flatMap((line) => reader.read(line));
}

class CallReader {
  readonly #dir: string;
  readonly #marks: string;
  readonly #there = new Set<string>();
  /** Where an open file stands, for writes without an offset. */
  readonly #positions = new Map<string, number>();

  constructor(dir: string, marks: string) {
    this.#dir = dir;
    this.#marks = marks;
  }

  read(line: string): DiskStep[] {
    const [, call = "", args = "", result = ""] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(line) ?? [];
    if (call === "" || result.startsWith("-")) return [];
    const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = ""]) =>
      Buffer.from(hex.replaceAll("\\x", ""), "hex"),
    );
    const [, file = "", opened = ""] = /^(\d+)<([^>]*)>/.exec(args) ?? [];
    const path =
      opened === ""
        ? (texts[0]?.toString() ?? "")
        : Buffer.from(opened.replaceAll("\\x", ""), "hex").toString();
    if (path === this.#marks && call === "write") return [{ kind: "mark", done: Number(texts[0]) }];
    const below = relative(this.#dir, path) || ".";
    if (below.startsWith("..")) return [];
    return this.#step(call, below, args, Number(result), file, texts);
  }

  #step(call: string, path: string, args: string, result: number, file: string, texts: Buffer[]): DiskStep[] {
    switch (call) {
      case "openat":
        this.#positions.set(String(result), 0);
        if (!this.#there.has(path) && args.includes("O_CREAT")) {
          this.#there.add(path);
          return [{ kind: "create", path }];
        }
        return args.includes("O_TRUNC") ? [{ kind: "truncate", path, length: 0 }] : [];
      case "write": {
        const offset = this.#positions.get(file) ?? 0;
        this.#positions.set(file, offset + result);
        return [{ kind: "write", path, offset, bytes: texts[0]!.subarray(0, result) }];
      }
      case "pwrite64":
        return [{ kind: "write", path, offset: lastNumber(args), bytes: texts[0]!.subarray(0, result) }];
      case "ftruncate":
        return [{ kind: "truncate", path, length: lastNumber(args) }];
      case "fsync":
      case "fdatasync":
        return [{ kind: "sync", path }];
      case "mkdir":
        return [{ kind: "makeDirectory", path }];
      case "unlink":
        this.#there.delete(path);
        return [{ kind: "remove", path }];
      case "rename": {
        const to = relative(this.#dir, texts[1]!.toString());
        this.#there.delete(path);
        this.#there.add(to);
        return [{ kind: "rename", path, to }];
      }
      default:
        throw new Error(`the store made a call that nobody here can read: ${call} of ${path}`);
    }
  }
}

function lastNumber(args: string): number {
  return Number(/(\d+)$/.exec(args)?.[1]);
}
