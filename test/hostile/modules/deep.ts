/** Guests that call deeper than any stack. Text of modules; each has to end in a trap that it cannot catch. */

const command = (body: string, more: string): string => `(module (memory (export "memory") 1) ${more}
  (func $start (export "_start") ${body}))`;

const wide = `(local ${"i64 ".repeat(2000)})`;

/** By how they do it. */
export const deep: Readonly<Record<string, string>> = {
  "a function that calls itself": command(
    "(call $f)",
    "(func $f (call $f) (i32.store (i32.const 0) (i32.const 1)))",
  ),
  "two that call each other": command("(call $f)", "(func $f (call $g)) (func $g (call $f) (nop))"),
  "calls through a table": command(
    "(call_indirect (type $v) (i32.const 0))",
    "(type $v (func)) (table 1 funcref) (elem (i32.const 0) $start)",
  ),
  "calls through a reference": command(
    "(call $f (ref.func $f))",
    "(type $t (func (param funcref))) (table 1 funcref) (elem declare func $f) (func $f (type $t) (table.set 0 (i32.const 0) (local.get 0)) (call_indirect (type $t) (local.get 0) (i32.const 0)))",
  ),
  "a frame of two thousand locals": command(
    "(call $f)",
    `(func $f ${wide} (call $f) (local.set 1999 (local.get 1)))`,
  ),
  "every level caught": command(
    "(try (do (call $f)) (catch_all (loop $l (br $l))))",
    "(tag $t) (func $f (try (do (call $f)) (catch_all (call $f))))",
  ),
  "host calls at every depth": `(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func $f (drop (call $random (i32.const 0) (i32.const 8))) (call $f) (drop (call $random (i32.const 0) (i32.const 8))))
    (func (export "_start") (call $f)))`,
};
