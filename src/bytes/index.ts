export { ByteWriter } from "./byte-writer.ts";
export { Cursor, DecodeError } from "./cursor.ts";
export { blake2b256, blake2b512, createSha256, type Sha256, sha256Hex } from "./digest.ts";
export { contentDigest, encodeFileList, type ListedFile, sortedByPath } from "./file-list.ts";
export { encodeHex } from "./hex.ts";
export {
  lebExactBytesMax,
  readSignedLeb,
  readUnsignedLeb,
  signedLebLength,
  unsignedLebLength,
  writeLeb,
} from "./leb.ts";
export { randomBytes } from "./random.ts";
export { checkPath, checkPaths } from "./release-path.ts";
