export { ByteWriter } from "./byte-writer.ts";
export { Cursor, DecodeError } from "./cursor.ts";
export { sha256Hex } from "./digest.ts";
export { encodeHex } from "./hex.ts";
export {
  lebExactBytesMax,
  readSignedLeb,
  readUnsignedLeb,
  signedLebLength,
  unsignedLebLength,
  writeLeb,
} from "./leb.ts";
