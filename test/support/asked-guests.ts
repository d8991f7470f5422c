/** Every guest of the kit and of `test/guests` that is a command, and state that compilers rarely make, with requests. */
import { assembleText } from "./assemble-text.ts";
import { type KitCase, kitCases, kitFile, kitGuest, ownGuest, pattern } from "./guests.ts";
import type { GuestRequest } from "./run-guest.ts";

/** A guest, and what it can be asked any number of times with the same answer. */
export interface AskedGuest {
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

/** All of them; those of the kit that are not on this machine are left out. */
export async function askedGuests(): Promise<AskedGuest[]> {
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
