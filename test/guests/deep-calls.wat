;; Goes as deep as it can, and makes a call at each depth: a write of two buffers. Counts in memory, for the next
;; run to tell, are of no use behind a trap, so each call that was answered says so by a byte on stderr. Whatever
;; a host call throws is caught here, if it can be, and told by a `!`.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00\01\00\00\00\21\00\00\00\01\00\00\00")
  (data (i32.const 16) "\22\00\00\00\01\00\00\00")
  (data (i32.const 24) "\23\00\00\00\01\00\00\00")
  (data (i32.const 32) "ab.!")
  (func $deeper (param $depth i32)
    (try
      (do
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 64)))
        (drop (call $write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 64))))
      (catch_all
        (drop (call $write (i32.const 2) (i32.const 24) (i32.const 1) (i32.const 64)))))
    (call $deeper (i32.add (local.get $depth) (i32.const 1)))
    (i32.store (i32.const 64) (local.get $depth)))
  (func (export "_start") (call $deeper (i32.const 0))))
