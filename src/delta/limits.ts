/** Every cap of the delta room, with its unit in the name and its arithmetic beside it. */

/** Longest source and target, bytes. Offsets stay far below 2^31, suffix arrays index them with an Int32. */
export const fileBytesMax: number = 1024 * 1024 * 1024;

/** Longest source and target of a zstd-dictionary delta: decoding takes about three times the source. */
export const dictionaryBytesMax: number = 64 * 1024 * 1024;

/**
 * Streams of emend's containers up to so many bytes are inflated in one go, longer ones as they are
 * used. Six streams at once: 768 KiB, below the 1 MiB that an apply may take beyond source and target.
 */
export const blockBytesMax: number = 128 * 1024;

/** Window of the coders of longer streams, as a power of two: 128 KiB for each stream. */
export const windowLogMax = 17;

/** Window of the coders of whole files, as a power of two: 16 MiB, the most that brotli without its large windows has. */
export const fullWindowLogMax = 24;

/** Pieces in which longer streams are inflated, bytes: one buffer for each of six streams, 192 KiB. */
export const inflateChunkBytes: number = 32 * 1024;

/** Memory that a diff may plan for: 11 bytes for each byte of the source, 5 of the target, 7 more of both for modules. */
export const diffMemoryBytesMax: number = 4 * 1024 * 1024 * 1024;

/** Value maps of an `emend-wasm` delta, bytes before coding: 8 bytes for each of a million ranges. */
export const mapsBytesMax: number = 8 * 1024 * 1024;

/** Records of a bzip2-coded delta, which is inflated before it is applied: 24 bytes each, 24 MiB. */
export const foreignRecordsMax: number = 1024 * 1024;
