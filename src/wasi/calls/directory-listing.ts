/** fd_readdir: the names in an open directory. */
import { copyCost, cost } from "../costs.ts";
import type { DirectoryDescriptor } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { fileType } from "../file-type.ts";
import { type Answer, andThen, type DirectoryEntry } from "../files/index.ts";
import type { WasiHost } from "../host.ts";
import { right } from "../rights.ts";
import { findDirectory } from "./find-descriptor.ts";
import type { HostCalls } from "./host-calls.ts";
import { unsigned64 } from "./integers.ts";

/** Size of `$dirent` in bytes. */
const headSize = 24;

/** After how many entries the clock is looked at. */
const entriesAPiece = 256;

const utf8 = new TextEncoder();

export const directoryListingCalls = (host: WasiHost): HostCalls => ({
  /**
   * fd_readdir(fd, buf, length, cookie, used): entries from `cookie` on, `.` and `..` first, the last one cut where
   * the buffer ends. Fewer bytes than there is room for means that there are no more. Cookies count through the
   * names that were there when cookie 0 was last asked for, so what comes and goes in between shifts none of them.
   * ```
   *  buf → [next u64][ino u64][namlen u32][type u8, 3 pad][name] [next u64]…      used → u32
   * ```
   * EBADF, ENOTDIR, ENOTCAPABLE, EFAULT, and what the directory answers.
   */
  fd_readdir: (fd, buffer, length, cookieLow, cookieHigh, usedPointer) => {
    host.charged += cost.call;
    const found = findDirectory(host, fd, right.fdReaddir);
    if (typeof found === "number") return found;
    const size = length >>> 0;
    if (!host.memory.has(buffer, size) || !host.memory.has(usedPointer, 4)) return errno.fault;
    const cookie = unsigned64(cookieLow, cookieHigh);
    const put = (listing: readonly DirectoryEntry[]): number =>
      putEntries(host, listing, cookie, buffer >>> 0, size, usedPointer);
    if (cookie > 0 && found.listing !== undefined) return put(found.listing);
    host.charged += cost.fileOperation;
    return host.complete(takeListing(found), (listing) => {
      found.listing = listing;
      host.charged += listing.length * cost.entry;
      return put(listing);
    });
  },
});

/** What is in the directory now. `..` gets the directory's own inode: what is above it is nobody's business. */
function takeListing({ directory }: DirectoryDescriptor): Answer<readonly DirectoryEntry[]> {
  return andThen(directory.stat(), ({ inode }) =>
    andThen(directory.entries(), (entries) => [
      { name: ".", inode, type: fileType.directory },
      { name: "..", inode, type: fileType.directory },
      ...entries,
    ]),
  );
}

function putEntries(
  host: WasiHost,
  listing: readonly DirectoryEntry[],
  cookie: number,
  buffer: number,
  size: number,
  usedPointer: number,
): number {
  let [index, used] = [cookie, 0];
  const step = (): number => {
    while (used < size && index < listing.length) {
      const entry = encodeEntry(listing[index]!, index + 1);
      const room = Math.min(entry.length, size - used);
      host.memory.slice(buffer + used, room).set(entry.subarray(0, room));
      host.charged += cost.entry + copyCost(room);
      used += room;
      index++;
      if (index % entriesAPiece === 0 && host.shouldYield()) return host.completeLater(step);
    }
    host.memory.setU32(usedPointer, used);
    return errno.success;
  };
  return step();
}

function encodeEntry({ name, inode, type }: DirectoryEntry, next: number): Uint8Array {
  const text = utf8.encode(name);
  const bytes = new Uint8Array(headSize + text.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setBigUint64(8, inode, true);
  view.setUint32(16, text.length, true);
  view.setUint8(20, type);
  bytes.set(text, headSize);
  return bytes;
}
