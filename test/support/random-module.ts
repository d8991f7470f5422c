/**
 * Random commands that are valid, end soon, and use what passes over code have to get right: loops, branches out of
 * nests, branch tables, returns, calls by name and through a table, recursion, exceptions, bulk and table operations
 * within bounds and beyond, growth. What they compute ends in memory and in globals, or in a trap.
 */
import type { Random } from "./random.ts";

const [functions, depthMax, statementsMax] = [6, 4, 4];

/** The text of a module. */
export function randomModule(random: Random): string {
  return new Writer(random).module();
}

class Writer {
  readonly #random: Random;
  /** Labels that are open, innermost last; those of loops are told by an `l`. */
  #labels: string[] = [];
  #names = 0;
  /** The engine takes no module with handlers of both kinds. */
  readonly #legacy: boolean;
  #function = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#legacy = random.below(2) === 0;
  }

  module(): string {
    const bodies = Array.from({ length: functions }, (_, index) => this.#define(index));
    const table = Array.from({ length: functions }, (_, index) => `$f${index}`).join(" ");
    return `(module (memory (export "memory") 1 40) (table $t 8 20 funcref) (tag $e (param i32))
      (type $v (func (param i32) (result i32)))
      (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2)) (global $c (mut f64) (f64.const 3))
      (elem (table $t) (i32.const 0) func ${table}) (elem $s func $f0 $f1 $f2)
      (data (i32.const 0) "some bytes to begin with") (data $d "and some for later")
      ${bodies.join("\n")}
      (func (export "_start") (i32.store (i32.const 512) (call $f0 (i32.const ${this.#below(50)})))))`;
  }

  #define(index: number): string {
    this.#function = index;
    this.#labels = [];
    return `(func $f${index} (param $p i32) (result i32) (local $x i32) (local $y i64) (local $z f64) (local $n0 i32)
      (local $n1 i32) (local $n2 i32) (local $n3 i32) (local $n4 i32)
      (if (i32.gt_u (local.get $p) (i32.const 60)) (then (return (local.get $p))))
      ${this.#statements(0)} ${this.#i32(0)})`;
  }

  #statements(depth: number): string {
    return Array.from({ length: 1 + this.#below(statementsMax) }, () => this.#statement(depth)).join("\n");
  }

  #statement(depth: number): string {
    const inner = (): string => this.#statements(depth + 1);
    const simple = [
      () => `(local.set $x ${this.#i32(depth)})`,
      () => `(local.set $y (i64.add (local.get $y) (i64.extend_i32_s ${this.#i32(depth)})))`,
      () => `(local.set $z (f64.mul (f64.convert_i32_s ${this.#i32(depth)}) (f64.const 0.5)))`,
      () => `(global.set $a ${this.#i32(depth)})`,
      () => "(global.set $b (i64.xor (global.get $b) (local.get $y)))",
      () => "(global.set $c (f64.add (global.get $c) (local.get $z)))",
      () => `(i32.store ${this.#address(depth)} ${this.#i32(depth)})`,
      () => `(i64.store8 offset=3 ${this.#address(depth)} (local.get $y))`,
      () => this.#long(depth),
      () => this.#jump(depth),
    ];
    if (depth >= depthMax) return this.#random.pick(simple)();
    const nested = [
      () => `(if ${this.#i32(depth)} (then ${inner()}) (else ${inner()}))`,
      () => `(if ${this.#i32(depth)} (then ${inner()}))`,
      () => this.#labelled("b", (name) => `(block ${name} ${inner()})`),
      () => this.#loop(depth, inner),
      () => this.#labelled("b", (name) => `(block ${name} ${this.#try(name, inner)})`),
      () => `(if ${this.#i32(depth)} (then (return ${this.#i32(depth)})))`,
      () => `(if (i32.eq ${this.#i32(depth)} (i32.const 3)) (then (throw $e ${this.#i32(depth)})))`,
    ];
    return this.#random.pick([...simple, ...nested, ...nested])();
  }

  #try(name: string, inner: () => string): string {
    return this.#legacy
      ? `(try (do ${inner()}) (catch $e (global.set $a)) (catch_all ${inner()}))`
      : `(try_table (catch_all ${name}) ${inner()})`;
  }

  /** A loop of a few turns, by a counter that nothing else sets. */
  #loop(depth: number, inner: () => string): string {
    return this.#labelled("l", (name) => {
      const counter = `$n${depth}`;
      const turns = 1 + this.#below(6);
      return `(local.set ${counter} (i32.const ${turns})) (loop ${name} ${inner()}
        (br_if ${name} (i32.gt_s (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1))) (i32.const 0))))`;
    });
  }

  #labelled(kind: "b" | "l", write: (name: string) => string): string {
    const name = `$${kind}${this.#names++}`;
    this.#labels.push(name);
    const text = write(name);
    this.#labels.pop();
    return text;
  }

  /** A branch out of a block, or out of several. Never back: that would not end. */
  #jump(depth: number): string {
    const blocks = this.#labels.filter((name) => name.startsWith("$b"));
    if (blocks.length === 0) return "(nop)";
    const to = (): string => this.#random.pick(blocks);
    return this.#random.pick([
      () => `(br_if ${to()} ${this.#i32(depth)})`,
      () => `(if ${this.#i32(depth)} (then (br_table ${to()} ${to()} ${to()} ${this.#i32(depth)})))`,
    ])();
  }

  /** Operations that go in pieces or ask the host. Large ones are rare, and so are those out of bounds. */
  #long(depth: number): string {
    const at = (): string => this.#address(depth);
    const size = (): string =>
      this.#below(12) === 0
        ? `(i32.const ${this.#below(70_000)})`
        : `(i32.and ${this.#i32(depth)} (i32.const 255))`;
    const entry = (): string => `(i32.const ${this.#below(9)})`;
    return this.#random.pick([
      () => `(memory.fill ${at()} ${this.#i32(depth)} ${size()})`,
      () => `(memory.copy ${at()} ${at()} ${size()})`,
      () => `(memory.init $d ${at()} (i32.const ${this.#below(10)}) (i32.const ${this.#below(10)}))`,
      () => `(global.set $a (memory.grow (i32.const ${this.#below(4)})))`,
      () => `(global.set $a (table.grow $t (ref.null func) (i32.const ${this.#below(4)})))`,
      () => `(table.copy $t $t ${entry()} ${entry()} (i32.const ${this.#below(4)}))`,
      () => `(table.fill $t ${entry()} (ref.func $f${this.#below(functions)}) (i32.const ${this.#below(3)}))`,
      () => `(table.init $t $s ${entry()} (i32.const ${this.#below(2)}) (i32.const ${this.#below(3)}))`,
    ])();
  }

  #address(depth: number): string {
    const mask = this.#below(40) === 0 ? 0xf_ffff : 0x3fff;
    return `(i32.and ${this.#i32(depth)} (i32.const ${mask}))`;
  }

  #i32(depth: number): string {
    const deeper = (): string => this.#i32(depth + 1);
    const leaf = [
      () => `(i32.const ${this.#below(100) - 20})`,
      () => "(local.get $x)",
      () => "(local.get $p)",
      () => "(global.get $a)",
      () => "(i32.wrap_i64 (local.get $y))",
      () => "(memory.size)",
      () => "(table.size $t)",
    ];
    if (depth > depthMax) return this.#random.pick(leaf)();
    const more = [
      () => `(i32.add ${deeper()} ${deeper()})`,
      () => `(i32.xor ${deeper()} ${deeper()})`,
      () => `(i32.rem_u ${deeper()} (i32.or ${deeper()} (i32.const ${this.#below(20) === 0 ? 0 : 1})))`,
      () => `(i32.load8_u ${this.#address(depth + 1)})`,
      () => `(select ${deeper()} ${deeper()} ${deeper()})`,
      () => `(if (result i32) ${deeper()} (then ${deeper()}) (else ${deeper()}))`,
      () => this.#call(deeper),
    ];
    return this.#random.pick([...leaf, ...more])();
  }

  /** Functions call those behind them, or any with an argument that grows: `$p` above 60 ends it. */
  #call(argument: () => string): string {
    const later = this.#function + 1 + this.#below(functions - this.#function);
    const grown = "(i32.add (i32.const 15) (i32.and (local.get $p) (i32.const 127)))";
    return this.#random.pick([
      () => (later < functions ? `(call $f${later} ${argument()})` : argument()),
      () => `(call $f${this.#below(functions)} ${grown})`,
      () => `(call_indirect $t (type $v) ${grown} (i32.const ${this.#below(9)}))`,
    ])();
  }

  #below(bound: number): number {
    return this.#random.below(bound);
  }
}
