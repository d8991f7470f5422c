/**
 * Changes a tree of directories as fast as it can, in a process of its own: what was a directory or a file is a link
 * the next moment, and directories move up and down. For tests of what has to hold meanwhile.
 */
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  createDirectoryAt,
  openAt,
  renameAt,
  symlinkAt,
  unlinkAt,
} from "../../src/wasi/files/host/system-calls.ts";
import { Failure } from "../../src/wasi/files/index.ts";
import { createRandom, type Random } from "./random.ts";

/** What the swapper is told. Paths are relative to the root, and their directories are there. */
export interface Swaps {
  readonly root: string;
  readonly seed: number;
  /** Directories and files that turn into links and back. */
  readonly directories: readonly string[];
  readonly files: readonly string[];
  /** Where those links lead. */
  readonly targets: readonly string[];
  /** Pairs of names that one directory moves between. */
  readonly moves: readonly (readonly [string, string])[];
}

export interface Swapper extends AsyncDisposable {
  /** How many changes it told of up to now. */
  readonly count: () => number;
}

/** The name beside a swapped one that holds what it is not at the moment. */
export const otherSide = (path: string): string => `${path}~`;

/** Starts it; it has begun when this resolves. */
export async function startSwapper(swaps: Swaps): Promise<Swapper> {
  const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(swaps)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let count = 0;
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stdout) {
      count = Number(decoder.decode(piece).trim().split("\n").at(-1));
      resolve();
    }
    resolve();
  })();
  await begun;
  return {
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
      await reading;
    },
  };
}

/** A name in a directory that stays open: reached by a path, it might be outside of the tree by now. */
interface Name {
  readonly directory: number;
  readonly name: string;
}

interface Swapped extends Name {
  readonly isDirectory: boolean;
}

type Exchange = (directory: number, one: string, other: string) => boolean;

/** Linux exchanges two names in one step (renameat2 with RENAME_EXCHANGE). */
function exchangeOfSystem(): Exchange {
  if (process.platform !== "linux") return exchangeInSteps;
  const ffi = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
  const { symbols } = ffi.dlopen("libc.so.6", {
    syscall: { args: ["i64", "i64", "ptr", "i64", "ptr", "i64"], returns: "i64" },
  });
  const [number, exchangeFlag] = [process.arch === "x64" ? 316 : 276, 2];
  return (directory, one, other) => {
    const [from, to] = [Buffer.from(`${one}\0`), Buffer.from(`${other}\0`)];
    return Number(symbols.syscall(number, directory, from, directory, to, exchangeFlag)) === 0;
  };
}

const exchangeInSteps: Exchange = (directory, one, other) =>
  renameAt(directory, one, directory, `${one}~~`) === undefined &&
  renameAt(directory, other, directory, one) === undefined &&
  renameAt(directory, `${one}~~`, directory, other) === undefined;

/** What of a pair the test has removed is made anew. */
function restore({ directory, name, isDirectory }: Swapped, target: string): void {
  unlinkAt(directory, name);
  unlinkAt(directory, otherSide(name));
  if (isDirectory) createDirectoryAt(directory, name);
  else {
    const file = openAt(directory, name, constants.O_WRONLY | constants.O_CREAT);
    if (!(file instanceof Failure)) closeSync(file);
  }
  symlinkAt(target, directory, otherSide(name));
}

function main(swaps: Swaps): void {
  const random: Random = createRandom(swaps.seed);
  const exchange = exchangeOfSystem();
  const opened = new Map<string, number>();
  const nameOf = (path: string): Name => {
    const parent = dirname(path);
    const directory = opened.get(parent) ?? openSync(join(swaps.root, parent), constants.O_DIRECTORY);
    opened.set(parent, directory);
    return { directory, name: basename(path) };
  };
  const swapped: Swapped[] = [
    ...swaps.directories.map((path) => ({ ...nameOf(path), isDirectory: true })),
    ...swaps.files.map((path) => ({ ...nameOf(path), isDirectory: false })),
  ];
  const moved = swaps.moves.map(([one, other]) => [nameOf(one), nameOf(other)] as const);

  for (let count = 0; ; count++) {
    if (count % 100 === 0) writeFileSync(1, `${count}\n`);
    if (random.below(4) === 0) {
      const [one, other] = random.pick(moved);
      if (renameAt(one.directory, one.name, other.directory, other.name) === undefined) continue;
      renameAt(other.directory, other.name, one.directory, one.name);
    } else {
      const pair = random.pick(swapped);
      if (!exchange(pair.directory, pair.name, otherSide(pair.name)))
        restore(pair, random.pick(swaps.targets));
    }
  }
}

if (import.meta.main) main(JSON.parse(process.argv[2]!));
