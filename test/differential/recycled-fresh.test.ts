/**
 * Recycled ≡ fresh: whatever one instance was asked before, it answers as an instance that was made for this
 * request alone, and once it is put back its memories and globals are those of a new one, byte for byte. For every
 * guest of the kit and of `test/guests`, and for state that compilers rarely make, with few and with many memories
 * alive (from the ninth on the engine has another kind of memory).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CompiledModule, compileCommand, Instance } from "../../src/guest/index.ts";
import { assembleText } from "../support/assemble-text.ts";
import { type ExposedInstance, exposedInstance, withGlobalsExported } from "../support/exposed-instance.ts";
import { type KitCase, kitCases, kitFile, kitGuest, ownGuest, pattern } from "../support/guests.ts";
import { type GuestRequest, runGuest } from "../support/run-guest.ts";

interface Guest {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly requests: readonly GuestRequest[];
}

/** Cases that are about something else, or whose answer is not the same twice. */
const leftOut: Readonly<Record<string, string>> = {
  "c-spin-forever": "it does not end",
  "c-membomb-64MiB": "it takes all the memory there is where nothing limits it",
  "c-sse": "it sleeps; asked for a short one below",
};

const query = (text: string): GuestRequest => ({
  env: { REQUEST_METHOD: "GET", PATH_INFO: "/", QUERY_STRING: text },
});

const own: Readonly<Record<string, GuestRequest[]>> = {
  blaster: [query("n=100000&k=777"), query("n=10&k=1&cl=1")],
  "headers-dump": [query("one"), { env: { ONLY: "this" } }, {}],
  reader: [
    { ...query("size=7"), stdin: pattern(1000) },
    { ...query("size=100&max=50"), stdin: "left over" },
  ],
  secret: [
    query("op=plant"),
    query("op=look"),
    query("op=plant&grow=2"),
    { ...query("op=stdin"), stdin: "abcdef" },
  ],
  grower: [query("pages=3&touch=1"), query("pages=65536")],
  "slow-writer": [query("n=3&ms=0&size=9"), query("n=1&ms=0&size=60000")],
};

/** What compilers rarely make: each says how often it has run, if any of its state survives. */
const rare: Readonly<Record<string, string>> = {
  "a v128 global": `(global $g (mut v128) (v128.const i32x4 0 7 7 7))
    (func $count (result i32) (i32x4.extract_lane 0 (global.get $g)))
    (func $bump (global.set $g (i32x4.add (global.get $g) (v128.const i32x4 1 1 1 1))))`,
  "f64 and i64 globals": `(global $f (mut f64) (f64.const 0)) (global $i (mut i64) (i64.const 0))
    (func $count (result i32) (i32.or (i32.trunc_f64_s (global.get $f)) (i32.wrap_i64 (global.get $i))))
    (func $bump (global.set $f (f64.add (global.get $f) (f64.const 1)))
      (global.set $i (i64.add (global.get $i) (i64.const 2))))`,
  "a reference that is lost": `(global $r (mut funcref) (ref.func $bump))
    (func $count (result i32) (ref.is_null (global.get $r)))
    (func $bump (global.set $r (ref.null func)))`,
  "a reference that is found": `(global $r (mut anyref) (ref.null any))
    (func $count (result i32) (i32.eqz (ref.is_null (global.get $r))))
    (func $bump (global.set $r (ref.i31 (i32.const 5))))`,
  "a start section": `(global $n (mut i32) (i32.const -1)) (start $init)
    (func $init (i32.store (i32.const 900) (i32.const 3)) (global.set $n (i32.const 0)))
    (func $count (result i32) (i32.add (global.get $n) (i32.sub (i32.load (i32.const 900)) (i32.const 3))))
    (func $bump (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.store (i32.const 900) (i32.const 4)))`,
  "_initialize and wizer.initialize": `(global $n (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $n (i32.const 10)))
    (func (export "wizer.initialize") (global.set $n (i32.sub (global.get $n) (i32.const 10))))
    (func $count (result i32) (global.get $n))
    (func $bump (global.set $n (i32.add (global.get $n) (i32.const 1))))`,
  "three memories": `(memory $b 1) (memory $c 2) (data (memory $c) (i32.const 70000) "x")
    (func $count (result i32) (i32.or (i32.load $b (i32.const 65532))
      (i32.sub (i32.load8_u $c (i32.const 70000)) (i32.const 120))))
    (func $bump (i32.store $b (i32.const 65532) (i32.const 1)) (i32.store8 $c (i32.const 70000) (i32.const 121)))`,
  "a memory that has no pages at first": `(memory $b 0)
    (func $count (result i32) (memory.size $b)) (func $bump (drop (memory.grow $b (i32.const 1))))`,
  "a memory that grows": `(func $count (result i32) (i32.sub (memory.size) (i32.const 1)))
    (func $bump (drop (memory.grow (i32.const 1))))`,
  "every byte of a memory": `(func $count (result i32) (i32.load8_u (i32.const 5000)))
    (func $bump (memory.fill (i32.const 1000) (i32.const 1) (i32.const 64536)))`,
};

async function rareGuest(text: string): Promise<Uint8Array> {
  return await assembleText(`(module
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    ${text}
    (func (export "_start")
      (i32.store (i32.const 0) (i32.const 32))
      (i32.store (i32.const 4) (i32.const 1))
      (i32.store8 (i32.const 32) (i32.add (i32.const 48) (call $count)))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (call $bump)))`);
}

function requestOf({ env, args, stdin }: KitCase): GuestRequest {
  const body = stdin === undefined ? "" : "text" in stdin ? Buffer.from(stdin.text) : pattern(stdin.pattern);
  return { env, stdin: body, ...(args === undefined ? {} : { args }) };
}

async function allGuests(): Promise<Guest[]> {
  const cases = kitCases().filter(({ id, load_error, reactor }) => !(id in leftOut || load_error || reactor));
  const names = [...new Set(cases.map((each) => each.guest))];
  const kit = names.flatMap((name) => {
    const bytes = kitFile(name);
    const requests = cases.filter((each) => each.guest === name).map(requestOf);
    return bytes === undefined ? [] : [{ name, bytes, requests }];
  });
  const ours = Object.entries(own).map(async ([name, requests]) => ({
    name,
    bytes: await ownGuest(name),
    requests,
  }));
  const made = Object.entries(rare).map(async ([name, text]) => ({
    name,
    bytes: await rareGuest(text),
    requests: [{}],
  }));
  const events = { name: "c-sse", bytes: kitGuest("c-sse"), requests: [query("2,1"), query("1,0")] };
  return [...kit, events, ...(await Promise.all(ours)), ...(await Promise.all(made))];
}

const guests = await allGuests();
expect(guests.length).toBeGreaterThan(30);

for (const crowd of [0, 12]) {
  describe(`with ${crowd} other instances alive, recycled ≡ fresh`, () => {
    const others: Instance[] = [];
    beforeAll(async () => {
      const compiled = await compileCommand(kitGuest("c-hello"), "c-hello");
      for (let i = 0; i < crowd; i++) others.push(await Instance.create(compiled));
    });
    afterAll(() => {
      expect(others.splice(0)).toHaveLength(crowd);
    });

    for (const guest of guests) {
      test(guest.name, async () => {
        await holds(guest, crowd === 0 ? 4 : 3);
      }, 30_000);
    }
  });
}

/** Checks the property on `runs` random sequences of the guest's requests. */
async function holds(guest: Guest, runs: number): Promise<void> {
  const compiled = await compileCommand(withGlobalsExported(guest.bytes), guest.name);
  expect(compiled.unrestorable).toEqual([]);
  const baseline = stateOf(await exposedInstance(compiled));
  const sequences = fc.array(fc.nat(guest.requests.length - 1), { minLength: 2, maxLength: 5 });
  const fresh = new Map<number, unknown>();
  await fc.assert(
    fc.asyncProperty(sequences, async (sequence) => {
      let recycled = await exposedInstance(compiled);
      for (const index of sequence) {
        const request = guest.requests[index]!;
        if (!fresh.has(index)) fresh.set(index, await freshTranscript(compiled, request));
        const transcript = await runGuest(recycled.instance, request);
        expect(transcript).toEqual(fresh.get(index) as typeof transcript);
        const grown = recycled.memories().some(({ length }, i) => length !== baseline.memories[i]!.length);
        // Only what trapped or grew may be refused: a guest that is never recycled would prove nothing.
        expect(recycled.instance.restore()).toBe(transcript.outcome.kind === "exit" && !grown);
        if (transcript.outcome.kind !== "exit" || grown) recycled = await exposedInstance(compiled);
        else expectState(recycled, baseline);
      }
    }),
    { numRuns: runs },
  );
}

async function freshTranscript(compiled: CompiledModule, request: GuestRequest): Promise<unknown> {
  return await runGuest(await Instance.create(compiled), request);
}

interface State {
  readonly memories: readonly Uint8Array[];
  readonly globals: Readonly<Record<string, unknown>>;
}

function stateOf(exposed: ExposedInstance): State {
  return { memories: exposed.memories().map((each) => each.slice()), globals: exposed.globals() };
}

function expectState(exposed: ExposedInstance, { memories, globals }: State): void {
  const differing = exposed.memories().map((bytes, index) => Buffer.compare(bytes, memories[index]!));
  expect(differing).toEqual(memories.map(() => 0));
  // A function that a global refers to is another object in each instance.
  const comparable = (value: unknown): unknown => (typeof value === "function" ? "function" : value);
  const shown = (all: Readonly<Record<string, unknown>>): unknown =>
    Object.entries(all).map(([name, value]) => [name, comparable(value)]);
  expect(shown(exposed.globals())).toEqual(shown(globals));
}
