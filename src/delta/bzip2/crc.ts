/** The CRC-32 of bzip2: polynomial 0x04c11db7, most significant bit first. */

const table = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let c = i << 24;
  for (let bit = 0; bit < 8; bit++) c = c & 0x80000000 ? (c << 1) ^ 0x04c11db7 : c << 1;
  table[i] = c;
}

/** CRC of `bytes[start, end)`. */
export function crcOf(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let i = start; i < end; i++) crc = (crc << 8) ^ table[(crc >>> 24) ^ bytes[i]!]!;
  return ~crc >>> 0;
}
