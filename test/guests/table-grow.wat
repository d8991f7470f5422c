;; Grows its own table. A fresh instance answers "clean"; one that kept the grown table answers "DIRTY".
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "Content-Type: text/plain\n\nclean\n")
  (data (i32.const 128) "Content-Type: text/plain\n\nDIRTY\n")
  (table 1 100 funcref)
  (func (export "_start")
    (i32.store (i32.const 0)
      (select (i32.const 64) (i32.const 128) (i32.eq (table.size) (i32.const 1))))
    (i32.store (i32.const 4) (i32.const 32))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (table.grow (ref.null func) (i32.const 3)))))
