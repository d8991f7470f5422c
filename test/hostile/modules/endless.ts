/** Guests that never end by themselves, each in its own way. Text of modules; every one has to be ended from outside. */

const command = (body: string, more = ""): string => `(module (memory (export "memory") 1) ${more}
  (func $start (export "_start") ${body}))`;

const doubling = Array.from({ length: 60 }, (_, i) => `(func $f${i} (call $f${i + 1}) (call $f${i + 1}))`);

const nested = (depth: number): string =>
  `${Array.from({ length: depth }, (_, i) => `(loop $l${i}`).join(" ")} (br $l${depth - 1}) ${")".repeat(depth)}`;

/** By what they do. */
export const endless: Readonly<Record<string, string>> = {
  "an empty loop": command("(loop $l (br $l))"),
  "a loop of nothing but blocks": command(`(loop $l ${"(block) ".repeat(2000)} (br $l))`),
  "a loop within a thousand": command(nested(1000)),
  "a branch table whose 5,000 targets all lead back": command(
    `(local i32) (loop $l (br_table ${"$l ".repeat(5000)} (local.tee 0 (i32.add (local.get 0) (i32.const 7)))))`,
  ),
  "a branch table of blocks that all end in the loop's head": command(
    `(local i32) (loop $l ${"(block ".repeat(500)} (br_table ${Array.from({ length: 500 }, (_, i) => i).join(" ")}
      (i32.and (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 255)))
      ${") (br $l)".repeat(1)} ${")".repeat(499)} (br $l))`,
  ),
  "calls that double at each of sixty levels": command("(call $f0)", `${doubling.join(" ")} (func $f60)`),
  "a tail call to itself": command("(return_call $start)"),
  "tail calls to and fro, through a table": command(
    "(return_call_indirect (type $v) (i32.const 0))",
    "(type $v (func)) (table 1 funcref) (elem (i32.const 0) $start)",
  ),
  "a loop that catches everything": command(
    "(loop $l (try (do (loop $m (br $m))) (catch_all)) (br $l))",
    "(tag $t)",
  ),
  "a loop in try_table, all caught": command(
    "(loop $l (block $b (try_table (catch_all $b) (loop $m (br $m)))) (br $l))",
    "(tag $t)",
  ),
  "a handler that goes back to the loop that it is in": command(
    "(loop $l (try_table (catch_all $l) (throw $t)))",
    "(tag $t)",
  ),
  "throwing and catching": command("(loop $l (try (do (throw $t)) (catch $t)) (br $l))", "(tag $t)"),
  "an exception out of ten frames, again and again": command(
    "(loop $l (try (do (call $deep (i32.const 10))) (catch $t)) (br $l))",
    `(tag $t) (func $deep (param i32) (local i32) (if (i32.eqz (local.get 0)) (then (throw $t)))
      (loop $m (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if $m (i32.lt_u (local.get 1) (i32.const 50))))
      (call $deep (i32.sub (local.get 0) (i32.const 1))))`,
  ),
  "filling memory that was never touched": `(module (memory (export "memory") 2048)
    (func (export "_start") (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 134217728)) (br $l))))`,
  "copying memory over itself": `(module (memory (export "memory") 1024)
    (func (export "_start") (loop $l (memory.copy (i32.const 1) (i32.const 0) (i32.const 67108863)) (br $l))))`,
  "growing twenty tables": command(
    `(loop $l ${Array.from({ length: 20 }, (_, i) => `(drop (table.grow $t${i} (ref.null func) (i32.const 10000000)))`).join(" ")}
      ${Array.from({ length: 20 }, (_, i) => `(drop (table.grow $t${i} (ref.null func) (i32.const 1000)))`).join(" ")} (br $l))`,
    Array.from({ length: 20 }, (_, i) => `(table $t${i} 0 funcref)`).join(" "),
  ),
  "filling a table": command(
    "(loop $l (table.fill 0 (i32.const 0) (ref.null func) (i32.const 500000)) (br $l))",
    "(table 500000 funcref)",
  ),
  "growing page by page": command("(loop $l (drop (memory.grow (i32.const 1))) (br $l))"),
  "a start section": `(module (memory (export "memory") 1) (func $s (loop $l (br $l))) (start $s) (func (export "_start")))`,
  _initialize: `(module (memory (export "memory") 1) (func (export "_initialize") (loop $l (br $l))) (func (export "_start")))`,
  "a vector loop": command(
    "(local v128) (loop $l (local.set 0 (i32x4.add (local.get 0) (v128.const i32x4 1 1 1 1))) (br $l))",
  ),
  "an atomic loop": command(
    "(loop $l (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (br_if $l (i32.const 1)))",
  ),
};
