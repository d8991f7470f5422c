/** File types of the system, as preview 1 tells them apart. */
import { fileType } from "../../file-type.ts";

/** S_IFMT, by its four bits. FIFOs (1) and sockets (12) are none of those that preview 1 tells apart by a name. */
const typesByMode: Readonly<Record<number, number>> = {
  2: fileType.characterDevice,
  4: fileType.directory,
  6: fileType.blockDevice,
  8: fileType.regularFile,
  10: fileType.symbolicLink,
};

/** The file type of a `st_mode` or, by its upper bits, of a directory entry (`DTTOIF` of dirent.h). */
export function typeOfMode(mode: number): number {
  return typesByMode[(mode >>> 12) & 0xf] ?? fileType.unknown;
}
