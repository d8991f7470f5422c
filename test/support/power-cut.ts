/**
 * What a disk can look like after the power was cut: a log of what a program wrote, up to some moment, with any part of
 * what was not synced missing or torn. The strictest reading of POSIX: a file's bytes are safe after fsync of the file,
 * a name after fsync of its directory, and what is not safe may be kept in any order.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One step of a program on a disk. Paths are relative to the directory that is watched, which is `.` itself. */
export type DiskStep =
  | { readonly kind: "create" | "makeDirectory" | "remove"; readonly path: string }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "write"; readonly path: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly path: string; readonly length: number }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  /** The program says how far it is. */
  | { readonly kind: "mark"; readonly done: number };

/** Files by path, and directories as null. */
export type Tree = ReadonlyMap<string, Uint8Array | null>;

/** What disks write whole. */
const sectorBytes = 512;

type Name = Inode | "directory" | undefined;

interface Inode {
  /** The bytes that are safe. */
  safe: Uint8Array;
}

/** What was done and is not safe yet. */
type Unsafe =
  | {
      readonly kind: "names";
      readonly directory: string;
      readonly names: readonly (readonly [string, Name])[];
    }
  | { readonly kind: "bytes"; readonly inode: Inode; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "length"; readonly inode: Inode; readonly length: number };

/** What became of one of them: `torn-…` is half of the sectors, `zeros` the length without the bytes. */
type Fate = "kept" | "dropped" | "torn-head" | "torn-tail" | "zeros";

export class CutDisk {
  /** What programs see, */
  readonly #names = new Map<string, Name>([[".", "directory"]]);
  /** and what is safe of it. */
  readonly #safeNames = new Map<string, Name>([[".", "directory"]]);
  #unsafe: Unsafe[] = [];

  do(step: DiskStep): void {
    if (step.kind === "sync") this.#sync(step.path);
    else if (step.kind === "write" || step.kind === "truncate") this.#change(step);
    else if (step.kind !== "mark") this.#name(namesOf(step, this.#names));
  }

  /** Every tree that a cut at this moment is tried with; equal ones may come more than once. */
  *trees(): Generator<Tree> {
    const count = this.#unsafe.length;
    const each = (fate: (i: number) => Fate) => this.#tree(this.#unsafe.map((_, i) => fate(i)));
    const isName = (i: number) => this.#unsafe[i]?.kind === "names";
    yield each(() => "kept");
    if (count === 0) return;
    yield each(() => "dropped");
    yield each((i) => (isName(i) ? "kept" : "dropped"));
    yield each((i) => (isName(i) ? "dropped" : "kept"));
    yield each(() => "zeros");
    for (let one = 0; one < count; one++) {
      yield each((i) => (i === one ? "kept" : "dropped"));
      yield each((i) => (i === one ? "dropped" : "kept"));
      if (isName(one)) continue;
      for (const fate of ["torn-head", "torn-tail", "zeros"] as const) {
        yield each((i) => (i === one ? fate : "kept"));
        yield each((i) => (i === one ? fate : i < one || isName(i) ? "kept" : "dropped"));
      }
    }
  }

  #change(step: Extract<DiskStep, { kind: "write" | "truncate" }>): void {
    const inode = this.#names.get(step.path);
    if (inode === undefined || inode === "directory") throw new Error(`no file ${step.path}`);
    this.#unsafe.push(
      step.kind === "write"
        ? { kind: "bytes", inode, offset: step.offset, bytes: step.bytes }
        : { kind: "length", inode, length: step.length },
    );
  }

  #name(names: readonly (readonly [string, Name])[]): void {
    for (const [path, to] of names) this.#names.set(path, to);
    this.#unsafe.push({ kind: "names", directory: dirname(names[0]![0]), names });
  }

  #sync(path: string): void {
    const target = this.#names.get(path);
    const isMeant = (each: Unsafe) =>
      each.kind === "names" ? each.directory === path : each.inode === target;
    for (const each of this.#unsafe.filter(isMeant)) {
      if (each.kind === "names") for (const [name, to] of each.names) this.#safeNames.set(name, to);
      else each.inode.safe = changed(each.inode.safe, each, "kept");
    }
    this.#unsafe = this.#unsafe.filter((each) => !isMeant(each));
  }

  #tree(fates: readonly Fate[]): Tree {
    const names = new Map(this.#safeNames);
    const contents = new Map<Inode, Uint8Array>();
    for (const [i, each] of this.#unsafe.entries()) {
      const fate = fates[i]!;
      if (fate === "dropped") continue;
      if (each.kind === "names") for (const [name, to] of each.names) names.set(name, to);
      else contents.set(each.inode, changed(contents.get(each.inode) ?? each.inode.safe, each, fate));
    }
    const tree = new Map<string, Uint8Array | null>();
    for (const [path, name] of names) {
      if (name === undefined || path === "." || names.get(dirname(path)) !== "directory") continue;
      tree.set(path, name === "directory" ? null : (contents.get(name) ?? name.safe));
    }
    return tree;
  }
}

type Naming = Exclude<DiskStep, { kind: "sync" | "write" | "truncate" | "mark" }>;

function namesOf(step: Naming, names: ReadonlyMap<string, Name>): readonly (readonly [string, Name])[] {
  switch (step.kind) {
    case "create":
      return [[step.path, { safe: new Uint8Array() }]];
    case "makeDirectory":
      return [[step.path, "directory"]];
    case "remove":
      return [[step.path, undefined]];
    case "rename":
      return [
        [step.path, undefined],
        [step.to, names.get(step.path)],
      ];
  }
}

function changed(before: Uint8Array, change: Exclude<Unsafe, { kind: "names" }>, fate: Fate): Uint8Array {
  if (change.kind === "length") {
    const cut = new Uint8Array(change.length);
    cut.set(before.subarray(0, change.length));
    return cut;
  }
  const { offset, bytes } = change;
  const end = offset + bytes.length;
  const middle = Math.ceil((offset + end) / 2 / sectorBytes) * sectorBytes;
  const after = new Uint8Array(Math.max(before.length, fate === "torn-head" ? Math.min(middle, end) : end));
  after.set(before);
  const split = Math.max(0, Math.min(middle, end) - offset);
  if (fate === "kept") after.set(bytes, offset);
  else if (fate === "torn-head") after.set(bytes.subarray(0, split), offset);
  else if (fate === "torn-tail") after.set(bytes.subarray(split), offset + split);
  return after;
}

/** Makes a tree in an empty directory. */
export function plant(tree: Tree, dir: string): void {
  const sorted = [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, bytes] of sorted) {
    if (bytes === null) mkdirSync(join(dir, path));
    else writeFileSync(join(dir, path), bytes);
  }
}

/** Equal for equal trees. */
export function fingerprint(tree: Tree): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const [path, bytes] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path}\0${bytes?.length ?? "-"}\0`).update(bytes ?? "");
  return hash.digest("hex");
}
