#!/bin/sh
# With the WASI SDK (https://github.com/WebAssembly/wasi-sdk): WASI_SDK_PATH=/opt/wasi-sdk sh build.sh
# Else with the system's clang. Debian, Ubuntu: apt install clang lld wasi-libc libclang-rt-dev-wasm32
set -eu
cd "$(dirname "$0")"
if [ -n "${WASI_SDK_PATH:-}" ]; then
  cc="$WASI_SDK_PATH/bin/clang --target=wasm32-wasip1"
else
  cc="clang --target=wasm32-wasi"
fi
$cc -O2 -Wall -Wl,--strip-all -o hello.wasm hello.c
