/** The guests that the tests run: those of the kit, prebuilt, and our own, compiled when they are stale. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildTestGuests } from "../../scripts/build-test-guests.ts";

const root = join(import.meta.dir, "../..");
const kit = join(root, "test/guests/kit");

/** Where the whole kit lies on machines that have it: guests too large for this repository are only there. */
const largeKit = join(root, "../shared/guests");

/** The bytes of a guest of the kit by its name, such as `c-hello`. */
export function kitGuest(name: string): Uint8Array {
  return readFileSync(join(kit, name, `${name}.wasm`));
}

/** Where a file or directory lies that a case of the kit names; undefined when it is not on this machine. */
export function kitPath(path: string): string | undefined {
  return [kit, largeKit].map((each) => join(each, path)).find((each) => existsSync(each));
}

/** The bytes of a file that a case of the kit names as its guest; undefined when it is not on this machine. */
export function kitFile(path: string): Uint8Array | undefined {
  const found = kitPath(path);
  return found === undefined ? undefined : readFileSync(found);
}

/** A guest of `test/guests` by its name, such as `reader`. */
export async function ownGuest(name: string): Promise<Uint8Array> {
  built ??= buildTestGuests();
  await built;
  return readFileSync(join(root, "dist/test-guests", `${name}.wasm`));
}

let built: Promise<void> | undefined;

/** One case of the kit: what a guest is given, and how it ends. */
export interface KitCase {
  readonly id: string;
  /** Path of its module in the kit. */
  readonly guest: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly stdin?: { readonly text: string } | { readonly pattern: number };
  /** By the name that the guest knows it by: a fresh one that cases share, or one of the kit. */
  readonly dirs?: Readonly<
    Record<string, { readonly write: boolean } & ({ readonly scratch: string } | { readonly host: string })>
  >;
  readonly exit?: number;
  readonly trap?: string;
  readonly load_error?: string;
  readonly memory_limit?: number;
  readonly deadline_ms?: number;
  readonly min_ms?: number;
  /** Calls of exports in order: name, arguments, result. */
  readonly reactor?: readonly (readonly [name: string, args: readonly number[], result: number])[];
  readonly stdout_regex?: string;
  readonly stderr_contains?: string;
}

/** All cases of the kit. */
export function kitCases(): readonly KitCase[] {
  return JSON.parse(readFileSync(join(kit, "cases.json"), "utf8")).cases;
}

/** What a case's guest writes on stdout; for large ones only the size and the SHA-256 are recorded. */
export interface ExpectedOutput {
  readonly bytes: Buffer | undefined;
  readonly size: number;
  readonly sha256: string;
}

/** The recorded stdout of a case. */
export function expectedOutput(id: string): ExpectedOutput {
  const sums = JSON.parse(readFileSync(join(kit, "expected/SUMS.json"), "utf8"));
  const file = join(kit, "expected", `${id}.out`);
  return {
    bytes: existsSync(file) ? readFileSync(file) : undefined,
    size: sums[id].bytes,
    sha256: sums[id].sha256,
  };
}

/** The kit's pattern: byte i is (i * 31 + 7) & 255. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + 7) & 255);
}
