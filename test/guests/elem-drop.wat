;; Fills its table from a passive element segment and drops the segment. A fresh instance answers "clean";
;; one that is used again traps.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "Content-Type: text/plain\n\nclean\n")
  (type $say (func))
  (table 1 1 funcref)
  (elem $passive func $clean)
  (func $clean (type $say)
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 32))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (table.init $passive (i32.const 0) (i32.const 0) (i32.const 1))
    (elem.drop $passive)
    (call_indirect (type $say) (i32.const 0))))
