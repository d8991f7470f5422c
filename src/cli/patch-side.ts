/** One side of a patch: the files that a node has now, or is to have. A directory, an executable or a node. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import {
  type CollectedSite,
  collectDirectory,
  type ListedFile,
  readPayload,
  withIoErrors,
} from "../release/index.ts";
import { checkModules } from "./check-modules.ts";

export interface PatchSide {
  /** As it was named on the command line. */
  readonly name: string;
  /** The content digest. */
  readonly digest: string;
  readonly files: readonly ListedFile[];
  /** Whether reading costs nothing but a disk. */
  readonly isLocal: boolean;
  /** The highest sequence that the site ever committed there, when it is a node. */
  readonly floor: number | null;
  /**
   * Makes these contents readable; `onProgress` hears the share. Throws `patch.hash` for one that is not what its
   * digest says.
   */
  readonly fetch: (contents: ReadonlySet<string>, onProgress: (share: number) => void) => Promise<void>;
  /** A content, by its SHA-256, that was fetched. The hash is right. Throws `io`, `release.changed`, `payload.hash`. */
  readonly read: (sha256: string) => Uint8Array;
}

/** Where a file's bytes lie on this machine. */
interface Place {
  readonly path: string;
  readonly file: string;
  readonly offset: number;
  readonly size: number;
}

/** A directory as a side, with all that `--list` prints. Throws what collecting throws; with `checked` also `module.*`. */
export async function openDirectorySide(
  name: string,
  { checked }: { readonly checked: boolean },
): Promise<PatchSide & { readonly collected: CollectedSite }> {
  const collected = await collectDirectory(name);
  if (checked) await checkModules(collected);
  const { root, digest, files } = collected;
  const places = [...files.values()].map(({ path, size, sha256 }) => ({
    ...{ path, size, sha256 },
    ...{ file: join(root, path), offset: 0 },
  }));
  return { ...localSide(name, digest, places, "release.changed"), collected };
}

/** What an executable carries as a side: its modules were checked when it was made. Throws `io` and `payload.*`. */
export function openExecutableSide(name: string): PatchSide {
  const { digest, files } = readPayload({ file: name, name });
  const places = files.map((each) => ({ ...each, file: name }));
  return localSide(name, digest, places, "payload.hash");
}

/** Whether a path names a directory. Throws `io`. */
export function isDirectory(path: string): boolean {
  return withIoErrors("read", path, () => statSync(path)).isDirectory();
}

function localSide(
  name: string,
  digest: string,
  places: readonly (Place & ListedFile)[],
  changed: "release.changed" | "payload.hash",
): PatchSide {
  const bySha256 = new Map(places.map((place) => [place.sha256, place]));
  return {
    name,
    digest,
    files: places.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
    isLocal: true,
    floor: null,
    fetch: async () => undefined,
    read(sha256) {
      const place = bySha256.get(sha256)!;
      const bytes = readPlace(place);
      const found = sha256Hex(bytes);
      if (found === sha256) return bytes;
      throw new EmendError(changed, `${name}: ${place.path}: expected SHA-256 ${sha256}, found ${found}`);
    },
  };
}

/** Zeros where the file has become shorter: the hash finds that. */
function readPlace({ file, offset, size }: Place): Uint8Array {
  return withIoErrors("read", file, () => {
    const bytes = new Uint8Array(size);
    const descriptor = openSync(file, "r");
    try {
      for (let at = 0; at < size; ) {
        const read = readSync(descriptor, bytes, at, size - at, offset + at);
        if (read === 0) break;
        at += read;
      }
      return bytes;
    } finally {
      closeSync(descriptor);
    }
  });
}
