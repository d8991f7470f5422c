/**
 * The file list of a release and its name, the content digest (release-and-patch, Identity): SHA-256 over one
 * line per file, `SHA256HEX SP SIZE SP PATH LF`, sorted by the UTF-8 bytes of the path. Nothing else enters the
 * digest, so equal content has an equal name wherever it was built, rolled back or embedded.
 */
import { sha256Hex } from "./digest.ts";

/** One file of a release: its path, its length in bytes and the SHA-256 of its bytes in hexadecimal. */
export type ListedFile = { readonly path: string; readonly size: number; readonly sha256: string };

/** The content digest of a list of files in any order, as `sha256:` and 64 hexadecimal digits. */
export function contentDigest(files: Iterable<ListedFile>): string {
  return `sha256:${sha256Hex(encodeFileList(files))}`;
}

/** What the digest is over: a stored list is named by its own SHA-256. */
export function encodeFileList(files: Iterable<ListedFile>): string {
  let list = "";
  for (const { sha256, size, path } of sortedByPath(files)) list += `${sha256} ${size} ${path}\n`;
  return list;
}

/** The files in the order of the digest. Array.sort would order by UTF-16 units, where U+10000 precedes U+E000. */
export function sortedByPath<File extends { readonly path: string }>(files: Iterable<File>): File[] {
  const keyed = Array.from(files, (file) => ({ file, key: Buffer.from(file.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ file }) => file);
}
