/**
 * The functions of the C library that work relative to an open directory, as it declares them, and its errno. Loaded
 * at first use, once a thread. Only systems of 64 bits are meant: offsets, times and sizes are `i64`.
 *
 * Darwin's side follows its headers; where it differs from Linux is told at each place.
 */

type Pointer = import("bun:ffi").Pointer;

/** A descriptor, or an offset, or 0; -1 where it failed. Paths end in NUL. */
export interface CLibrary {
  openat(directory: number, path: Uint8Array, flags: number, mode: number): number;
  mkdirat(directory: number, path: Uint8Array, mode: number): number;
  unlinkat(directory: number, path: Uint8Array, flags: number): number;
  renameat(from: number, fromPath: Uint8Array, to: number, toPath: Uint8Array): number;
  linkat(from: number, fromPath: Uint8Array, to: number, toPath: Uint8Array, flags: number): number;
  symlinkat(target: Uint8Array, directory: number, path: Uint8Array): number;
  readlinkat(directory: number, path: Uint8Array, into: Uint8Array, sizeBytes: number): number;
  utimensat(directory: number, path: Uint8Array, times: BigInt64Array, flags: number): number;
  futimens(file: number, times: BigInt64Array): number;
  lseek(file: number, offset: number, whence: number): number;
  fdopendir(directory: number): Pointer | null;
  readdir(stream: Pointer): Pointer | null;
  closedir(stream: Pointer): number;
  fcntl(file: number, command: number, argument: number): number;
  /** Linux alone. Answers an error number and sets none. */
  readonly posix_fallocate?: (file: number, offset: number, length: number) => number;
  /** Linux alone: of libc's `syscall`, what openat2 needs; no version of libc that matters declares that. */
  readonly openat2?: (directory: number, path: Uint8Array, how: BigUint64Array) => number;
  /** Linux alone: reads what is in memory; -1 and EAGAIN where a disk would have to be asked. */
  readonly readCached?: (file: number, into: Uint8Array, offset: number) => number;
  /** Darwin alone, which cannot open a name without acting on what it names. */
  readonly fstatat?: (directory: number, path: Uint8Array, stat: Uint8Array, flags: number) => number;
  /** Two bytes, little-endian, of memory that the library owns. */
  u16At(pointer: Pointer, offset: number): number;
  /** A copy of such memory. */
  copyOf(pointer: Pointer, offset: number, length: number): Uint8Array<ArrayBuffer>;
  /** One number: of the last call that failed on this thread. */
  readonly errno: Int32Array;
}

const everywhere = {
  mkdirat: { args: ["i32", "ptr", "u32"], returns: "i32" },
  unlinkat: { args: ["i32", "ptr", "i32"], returns: "i32" },
  renameat: { args: ["i32", "ptr", "i32", "ptr"], returns: "i32" },
  linkat: { args: ["i32", "ptr", "i32", "ptr", "i32"], returns: "i32" },
  symlinkat: { args: ["ptr", "i32", "ptr"], returns: "i32" },
  readlinkat: { args: ["i32", "ptr", "ptr", "u64"], returns: "i64" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  futimens: { args: ["i32", "ptr"], returns: "i32" },
  lseek: { args: ["i32", "i64", "i32"], returns: "i64" },
  fdopendir: { args: ["i32"], returns: "ptr" },
  readdir: { args: ["ptr"], returns: "ptr" },
  closedir: { args: ["ptr"], returns: "i32" },
} as const;

const linux = {
  ...everywhere,
  openat: { args: ["i32", "ptr", "i32", "u32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  posix_fallocate: { args: ["i32", "i64", "i64"], returns: "i32" },
  syscall: { args: ["i64", "i64", "ptr", "ptr", "u64"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/**
 * On Apple's arm64 what stands for `...` goes onto the stack, behind the eight registers. Zeros fill those that the
 * named arguments leave over.
 */
const darwin = {
  ...everywhere,
  openat: { args: ["i32", "ptr", "i32", "i64", "i64", "i64", "i64", "i64", "i64"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i64", "i64", "i64", "i64", "i64", "i64", "i64"], returns: "i32" },
  fstatat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  __error: { args: [], returns: "ptr" },
} as const;

/** The same on all architectures (Linux, include/uapi/asm-generic/unistd.h). */
const openat2Number = 437;

/** The same function with the signature of preadv2. */
const preadv2 = {
  syscall: { args: ["i64", "i64", "ptr", "i64", "i64", "i64", "i64"], returns: "i64" },
} as const;

/** `readv` is of the old numbers, which each architecture has its own of (arch/x86/entry/syscalls/syscall_64.tbl). */
const preadv2Number = process.arch === "x64" ? 327 : 286;

/** RWF_NOWAIT of uapi/linux/fs.h. */
const doNotWait = 8;

type Ffi = typeof import("bun:ffi");

let loaded: CLibrary | undefined;

/** The C library of this process. */
export function cLibrary(): CLibrary {
  loaded ??= loadCLibrary(process.platform);
  return loaded;
}

/** The C library of a platform. Throws on another one. */
export function loadCLibrary(platform: NodeJS.Platform): CLibrary {
  const ffi = process.getBuiltinModule("bun:ffi") as Ffi;
  return platform === "darwin" ? loadDarwin(ffi) : loadLinux(ffi);
}

function loadLinux(ffi: Ffi): CLibrary {
  // musl takes every name of this kind for itself (ldso/dynlink.c, load_library).
  const { symbols } = ffi.dlopen("libc.so.6", linux);
  return {
    ...withNumbers(symbols),
    openat: symbols.openat,
    fcntl: symbols.fcntl,
    posix_fallocate: symbols.posix_fallocate,
    openat2: (directory, path, how) =>
      Number(symbols.syscall(openat2Number, directory, path, how, how.byteLength)),
    readCached: cachedReader(ffi),
    u16At: ffi.read.u16,
    copyOf: (pointer, offset, length) => copyOf(ffi, pointer, offset, length),
    errno: errnoAt(ffi, pointerOf(symbols.__errno_location())),
  };
}

function cachedReader(ffi: Ffi): (file: number, into: Uint8Array, offset: number) => number {
  const { symbols } = ffi.dlopen("libc.so.6", preadv2);
  // `struct iovec`, one for all calls of the thread: address and length.
  const vector = new BigUint64Array(2);
  return (file, into, offset) => {
    vector[0] = BigInt(ffi.ptr(into));
    vector[1] = BigInt(into.length);
    // The upper half of the offset is of 32-bit systems.
    return Number(symbols.syscall(preadv2Number, file, vector, 1, offset, 0, doNotWait));
  };
}

function loadDarwin(ffi: Ffi): CLibrary {
  const { symbols } = ffi.dlopen("libSystem.B.dylib", darwin);
  return {
    ...withNumbers(symbols),
    openat: (directory, path, flags, mode) => symbols.openat(directory, path, flags, 0, 0, 0, 0, 0, mode),
    fcntl: (file, command, argument) => symbols.fcntl(file, command, 0, 0, 0, 0, 0, 0, argument),
    fstatat: symbols.fstatat,
    u16At: ffi.read.u16,
    copyOf: (pointer, offset, length) => copyOf(ffi, pointer, offset, length),
    errno: errnoAt(ffi, pointerOf(symbols.__error())),
  };
}

type Everywhere = ReturnType<typeof import("bun:ffi").dlopen<typeof everywhere>>["symbols"];

function withNumbers(symbols: Everywhere): Pick<CLibrary, keyof typeof everywhere> {
  return {
    mkdirat: symbols.mkdirat,
    unlinkat: symbols.unlinkat,
    renameat: symbols.renameat,
    linkat: symbols.linkat,
    symlinkat: symbols.symlinkat,
    readlinkat: (directory, path, into, sizeBytes) =>
      Number(symbols.readlinkat(directory, path, into, sizeBytes)),
    utimensat: symbols.utimensat,
    futimens: symbols.futimens,
    lseek: (file, offset, whence) => Number(symbols.lseek(file, offset, whence)),
    fdopendir: (directory) => pointerOf(symbols.fdopendir(directory)),
    readdir: (stream) => pointerOf(symbols.readdir(stream)),
    closedir: symbols.closedir,
  };
}

/** An address of a process is below 2^53 on every system, and a number therefore. */
function pointerOf(address: bigint | Pointer | null): Pointer | null {
  return typeof address === "bigint" ? (Number(address) as Pointer) : address;
}

function copyOf(ffi: Ffi, pointer: Pointer, offset: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(ffi.toArrayBuffer(pointer, offset, length)).slice();
}

/** Its place stays the same for a thread, so reading it calls nothing that could change it. */
function errnoAt(ffi: Ffi, place: Pointer | null): Int32Array {
  if (place === null) throw new Error("the C library has no errno");
  return new Int32Array(ffi.toArrayBuffer(place, 0, 4));
}
