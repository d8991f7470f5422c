/**
 * Random calls with random arguments on a guest's memory, over files in memory, files that nobody may change and real
 * directories, in both ABIs. A call never throws, writes nothing when it fails, writes only where its ABI says
 * when it succeeds, and opens nothing outside of what it was given.
 *
 * `EMEND_SEED=N` repeats a run; `EMEND_FUZZ_MINUTES=N` makes it last so long.
 */
import { afterAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Abi,
  abis,
  bindCalls,
  createReadOnlyTree,
  createScratch,
  type HostCall,
  loadHostFiles,
  type OpenDirectory,
  WasiHost,
  wouldBlock,
} from "../../src/wasi/index.ts";
import { TestInput, TestOutput } from "../support/host-fixture.ts";
import { createRandom } from "../support/random.ts";
import { promisedRanges, type Range, shapeOf, shapes } from "./call-shapes.ts";

const callsMin = 100_000;
const minutes = Number(Bun.env.EMEND_FUZZ_MINUTES ?? 0);
/** Calls of one guest, between which descriptors and files pile up. */
const callsARound = 250;
const timeoutMs = minutes * 60_000 + 120_000;

const random = createRandom();
const { below, pick } = random;
const names = Object.keys(shapes);
/** They take descriptors and rights away, and then little else succeeds. */
const destructive = ["fd_close", "fd_renumber", "fd_fdstat_set_rights"];
const drawn = names.flatMap((name) => (destructive.includes(name) ? name : new Array<string>(10).fill(name)));

const memory = new WebAssembly.Memory({ initial: 1 });
const bytes = new Uint8Array(memory.buffer);
const view = new DataView(memory.buffer);

/** What lies beside the directory that a guest is given: its content must never be in the guest's memory. */
const secret = Buffer.from("what no guest may read 5f0c27");
const place = mkdtempSync(join(tmpdir(), "emend-fuzz-"));
const [inside, outside] = [join(place, "inside"), join(place, "outside")];
mkdirSync(outside);
writeFileSync(join(outside, "secret"), secret);
afterAll(() => rmSync(place, { recursive: true, force: true }));

const { openHostDirectory, openHostDirectoryOffThread } = await loadHostFiles();
interface Ground {
  readonly make: () => OpenDirectory;
  readonly readOnly?: true;
  readonly real?: true;
}
const grounds: readonly Ground[] = [
  { make: () => createScratch(200_000) },
  {
    make: () =>
      createReadOnlyTree(files.map((path) => ({ path, sizeBytes: 5, content: () => Buffer.from("hello") }))),
    readOnly: true,
  },
  { make: () => openHostDirectory(makeRealDirectory(), { readOnly: below(8) === 0 }), real: true },
  { make: () => openHostDirectoryOffThread(makeRealDirectory(), { readOnly: below(8) === 0 }), real: true },
];

/** Names that lead to something, to nothing and out. */
const files = ["file", "a/file", "a/b/c"];
const paths = [
  ...files,
  ...[
    "a",
    "a/b",
    "a/..",
    ".",
    "./a//b/",
    "new",
    "a/new",
    "link",
    "loop",
    "up/outside/secret",
    "a/../../outside",
  ],
  ...["..", "../outside/secret", "../../etc/passwd", "/etc/passwd", outside, "absolute", "", "x".repeat(300)],
  ...["a\0b", "\u{1F600}", "\xff", "./".repeat(2000)],
];

/** The first of them, with which most calls have something to do. */
const inTree = 9;

test(
  `host calls keep to their ranges whatever they are given (EMEND_SEED=${random.seed})`,
  async () => {
    const counts: Counts = { success: new Map(), failure: 0, stopped: 0 };
    const endMs = performance.now() + minutes * 60_000;
    const before = { outside: listOutside(), descriptors: openFiles() };
    for (let round = 0; total(counts) < callsMin || performance.now() < endMs; round++) {
      await playRound(round, counts);
      expect(listOutside()).toEqual(before.outside);
    }
    expect(await leftOpen(before.descriptors)).toEqual([]);
    if (minutes > 0) console.log(`EMEND_SEED=${random.seed}: ${total(counts)} calls`);
    const succeeding = names.filter((name) => !/^sock_|^proc_raise$/.test(name));
    expect(succeeding.filter((name) => !((counts.success.get(name) ?? 0) > 0))).toEqual([]);
    expect([counts.failure > callsMin / 4, counts.stopped > 20]).toEqual([true, true]);
  },
  timeoutMs,
);

test("every call has a shape with as many numbers as its ABI", () => {
  const { functions } = abis[0]!;
  expect(names.toSorted()).toEqual(Object.keys(functions).toSorted());
  const letters = (name: string): string =>
    shapeOf(name)
      .map((word) => (word === "long" || word === "rights" ? "I" : "i"))
      .join("");
  expect(names.filter((name) => letters(name) !== functions[name]!.params)).toEqual([]);
});

interface Counts {
  /** By the name of the call. */
  readonly success: Map<string, number>;
  failure: number;
  stopped: number;
}

function total({ success, failure, stopped }: Counts): number {
  return success.values().reduce((sum, count) => sum + count, failure + stopped);
}

/** One guest: a fresh memory, fresh files, some hundred calls. */
async function playRound(round: number, counts: Counts): Promise<void> {
  const abi = pick(abis);
  const ground = pick(grounds);
  const directory = ground.make();
  const stop = { value: 0 };
  const host = new WasiHost(stop);
  host.memory.attach(memory);
  const stdin = new TestInput().push(randomBytes(below(2000)));
  if (below(2) === 0) stdin.end();
  host.begin({
    args: () => ["ab", "cde"],
    environ: () => ["X=1"],
    stdin,
    stdout: new TestOutput(pick([0, 10, 100_000])),
    stderr: new TestOutput(),
    preopens: () => [
      { name: "/tree", directory, readOnly: ground.readOnly === true || below(8) === 0 },
      { name: "/other", directory: createScratch(10_000), readOnly: false },
    ],
  });
  const calls = bindCalls(host, abi.layout);
  fillMemory(abi);
  const made = (name: string, args: readonly number[], turn: number): Promise<void> => {
    const told = `${abi.module}.${name}(${args.join(", ")}), seed ${random.seed}, round ${round}, turn ${turn}`;
    return makeCall({ host, stop, abi, name, args, told, call: calls[name]! }, counts);
  };
  for (const args of openings()) await made("path_open", args, 0);
  for (let turn = 0; turn < callsARound && stop.value === 0; turn++) {
    const name = pick(drawn);
    await made(name, argumentsOf(name), turn);
    if (turn % 50 === 0 && ground.real) expectNothingOutside();
  }
  host.end();
  if (ground.real) directory.close();
}

interface Made {
  readonly host: WasiHost;
  readonly stop: { value: number };
  readonly abi: Abi;
  readonly name: string;
  readonly args: readonly number[];
  readonly told: string;
  readonly call: HostCall;
}

async function makeCall(made: Made, counts: Counts): Promise<void> {
  const { abi, name, args, told, stop } = made;
  const before = bytes.slice();
  const result = await answerOf(made);
  if (stop.value !== 0) counts.stopped++;
  else if (result === 0) counts.success.set(name, (counts.success.get(name) ?? 0) + 1);
  else counts.failure++;
  const ranges = result === 0 ? promisedRanges(name, args, new DataView(before.buffer), abi.layout) : [];
  const changed = firstChangeOutside(before, ranges);
  if (changed !== -1) throw new Error(`${told} answered ${result} and changed the byte at ${changed}`);
  if (Buffer.from(memory.buffer).includes(secret)) throw new Error(`${told} read what lies outside`);
}

/** What a call answers, waited for where that makes sense; a guest that would wait for long is stopped. */
async function answerOf({ host, stop, name, args, told, call }: Made): Promise<number> {
  try {
    const result = call(...args);
    if (result !== wouldBlock) return result;
    const resumed = host.resume(() => call(...args));
    const forever = name === "poll_oneoff" || host.descriptors[args[0]!]?.kind === "stream";
    const patience = setTimeout(() => host.stop(), forever ? 5 : 10_000);
    const answer = await resumed;
    clearTimeout(patience);
    return stop.value === 0 ? answer : wouldBlock;
  } catch (error) {
    throw new Error(`${told} threw`, { cause: error });
  }
}

// ---- what calls are given ----

/** Lists of buffers, subscriptions and names that are right by chance are rare: some of each are planted. */
const [vectorsAt, subscriptionsAt, pathsAt] = [0x1000, 0x2000, 0x4000];
const planted = { lists: 32, subscriptions: 16 };
/** Where each name lies, and its length. */
const pathPlaces: [at: number, length: number][] = [];

function fillMemory({ layout: { subscription } }: Abi): void {
  bytes.set(randomBytes(bytes.length));
  for (let i = 0; i < planted.lists * 4; i++) {
    view.setUint32(vectorsAt + i * 8, below(4) === 0 ? argument() : 0x8000 + below(0x4000), true);
    view.setUint32(vectorsAt + i * 8 + 4, pick([0, 1, 7, 100, 5000]), true);
  }
  for (let i = 0; i < planted.subscriptions; i++) {
    const at = subscriptionsAt + i * subscription.bytes;
    bytes.fill(0, at, at + subscription.bytes);
    view.setUint8(at + 8, below(3));
    view.setUint32(at + 16, below(8), true);
    view.setUint32(at + subscription.clock, below(5), true);
    view.setUint32(at + subscription.timeout, below(3_000_000), true);
  }
  let at = pathsAt;
  pathPlaces.length = 0;
  for (const path of paths) {
    const text = path === "\xff" ? Buffer.from([0xff]) : Buffer.from(path);
    bytes.set(text, at);
    pathPlaces.push([at, text.length]);
    at += text.length + 1;
  }
}

/** What every guest opens before anything else: a file to write to, one to read from, and a directory. */
function openings(): number[][] {
  const open = (path: string, oflags: number, rights: number): number[] => {
    const [at, length] = pathPlaces[paths.indexOf(path)]!;
    return [3, 0, at, length, oflags, rights, 0, 0x3fff_ffff, 0, 0, 0xc000];
  };
  return [open("file", 1, 0x3fff_ffff), open("file", 0, 0x3fff_ffbf), open(".", 2, 0x3fff_ffbf)];
}

function argumentsOf(name: string): number[] {
  const args: number[] = [];
  /** The length or count that goes with the pointer before it. */
  let partner: number | undefined;
  for (const word of shapeOf(name)) {
    const wild = below(12) === 0;
    if (word === "path") {
      const [at, length] = pathPlaces[below(below(4) === 0 ? paths.length : inTree)]!;
      args.push(wild ? argument() : at);
      partner = length;
    } else if (word === "fill" || word === "take") {
      args.push(wild ? argument() : vectorsAt + below(planted.lists) * 32);
      partner = below(4);
    } else if (word === "subscriptions") {
      args.push(wild ? argument() : subscriptionsAt + below(4) * 48);
    } else if (word === "length") {
      args.push(wild ? argument() : (partner ?? pick([0, 1, 24, 100, 3000])));
      partner = undefined;
    } else if (word === "count") {
      args.push(wild ? argument() : (partner ?? 1 + below(4)));
      partner = undefined;
    } else if (word === "fd" && name.startsWith("path_") && below(2) === 0) args.push(3);
    else if (word === "fd") args.push(wild ? argument() : below(10));
    else if (word === "small") args.push(wild ? argument() : below(6));
    else if (word === "lookup") args.push(wild ? argument() : below(2));
    else if (word === "flags") args.push(wild ? argument() : pick([0, 0, 1, 1, 2, 4, 5, 8, 9, 3]));
    else if (word === "rights")
      args.push(wild ? argument() : pick([0x3fff_ffff, 0x3fff_ffbf, 2, 0]), wild ? 1 : 0);
    else if (word === "long") args.push(...longArgument());
    else args.push(wild ? argument() : 0xc000 + below(0x3000));
  }
  return args;
}

function longArgument(): [low: number, high: number] {
  const kind = below(8);
  if (kind < 5) return [below(3000), 0];
  if (kind === 5) return [-below(100), -1];
  return [argument(), pick([0, 1, 0x1f_ffff, 0x20_0000, -1, 2 ** 31 - 1])];
}

/** A place in memory, at its ends or far beyond, or a number that is none. */
function argument(): number {
  const kind = below(4);
  if (kind === 0) return below(bytes.length);
  if (kind === 1) return bytes.length - below(70);
  return pick([-1, 2 ** 31 - 1, -(2 ** 31), bytes.length, below(2 ** 32) | 0]);
}

const noise = Uint8Array.from({ length: 4096 }, () => below(256));

/** The same noise from anywhere in it, over and over. */
function randomBytes(length: number): Uint8Array {
  const [made, shift] = [new Uint8Array(length), below(noise.length)];
  made.set(noise.subarray(shift, shift + length));
  for (let at = noise.length - shift; at < length; at += noise.length)
    made.set(noise.subarray(0, length - at), at);
  return made;
}

// ---- what must not change ----

/** The first byte that changed and was not promised, or -1. */
function firstChangeOutside(before: Uint8Array, ranges: readonly Range[]): number {
  if (Buffer.compare(before, bytes) === 0) return -1;
  const patched = bytes.slice();
  for (const [start, end] of ranges) patched.set(before.subarray(start, end), start);
  return Buffer.compare(before, patched) === 0
    ? -1
    : patched.findIndex((byte, index) => byte !== before[index]);
}

function makeRealDirectory(): string {
  rmSync(inside, { recursive: true, force: true });
  mkdirSync(join(inside, "a/b"), { recursive: true });
  for (const file of files) writeFileSync(join(inside, file), "hello");
  symlinkSync("a/file", join(inside, "link"));
  symlinkSync("loop", join(inside, "loop"));
  symlinkSync("..", join(inside, "up"));
  symlinkSync(join(outside, "secret"), join(inside, "absolute"));
  return inside;
}

function listOutside(): string[] {
  const found = readdirSync(outside, { withFileTypes: true });
  return found.map(
    (entry) => `${entry.name} ${entry.isFile() ? readFileSync(join(outside, entry.name)) : ""}`,
  );
}

/** What this process has open, by path; nothing where the system does not tell. */
function openFiles(): string[] {
  const table = "/proc/self/fd";
  if (!existsSync(table)) return [];
  return readdirSync(table).flatMap((descriptor) => {
    try {
      return [readlinkSync(join(table, descriptor))];
    } catch {
      // It was the listing's own.
      return [];
    }
  });
}

/** What is open and was not `before`, once the disk's thread has had its time to close it. */
async function leftOpen(before: readonly string[]): Promise<string[]> {
  const find = (): string[] => openFiles().filter((path) => path.startsWith(place) && !before.includes(path));
  for (let tries = 0; find().length > 0 && tries < 500; tries++) await Bun.sleep(10);
  return find();
}

function expectNothingOutside(): void {
  const strange = openFiles().filter((path) => path.startsWith(place) && !path.startsWith(inside));
  expect(strange).toEqual([]);
  expect(openFiles().filter((path) => path.startsWith("/etc/"))).toEqual([]);
}
