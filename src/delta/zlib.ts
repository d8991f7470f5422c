/**
 * node:zlib, loaded together with this room and not before: a bundler puts static imports of builtins at the
 * top of the program, also those of rooms that a start does not enter.
 */
export const zlib: typeof import("node:zlib") = process.getBuiltinModule("node:zlib");
