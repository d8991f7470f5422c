;; Copies its text from a passive segment and drops the segment. A fresh instance answers "clean"; one that
;; is used again traps, since a dropped segment cannot be put back.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data $text "Content-Type: text/plain\n\nclean\n")
  (func (export "_start")
    (memory.init $text (i32.const 64) (i32.const 0) (i32.const 32))
    (data.drop $text)
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 32))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
