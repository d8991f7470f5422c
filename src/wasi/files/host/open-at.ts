/**
 * Opens what lies at a place, or makes a file there. Only regular files and directories are ever opened: opening a
 * device may act on it, and a FIFO's other side would notice. EACCES for these, as on a file system that is mounted
 * with `nodev`.
 */
import { constants } from "node:fs";
import { errno } from "../../errno.ts";
import { fileType } from "../../file-type.ts";
import { Failure, type Result } from "../answer.ts";
import type { OpenOptions } from "../open-directory.ts";
import { lookAt, type Seen, statOf } from "./look.ts";
import type { Place } from "./place.ts";
import { closeDescriptor, openAt, openDirectoryAt, reopen } from "./system-calls.ts";

/** A descriptor, and what it is of. */
export interface Opened {
  readonly descriptor: number;
  readonly directory: boolean;
}

/** Somebody changed what lies there since the path was followed: it has to be followed again. */
export const raced: unique symbol = Symbol("raced");

/** Opens a place that `locate` found with the same `follow`. */
export function openPlace(
  place: Place,
  options: OpenOptions,
  readOnly: boolean,
): Result<Opened> | typeof raced {
  const seen = lookAt(place.directory, place.name);
  if (seen instanceof Failure) return seen.errno === errno.noent ? create(place, options, readOnly) : seen;
  using _ = seen;
  if (options.create && options.exclusive) return Failure.of(errno.exist);
  switch (seen.stat.type) {
    case fileType.regularFile:
      if (options.directory || place.meansDirectory) return Failure.of(errno.notdir);
      if (readOnly && (options.write || options.truncate)) return Failure.of(errno.rofs);
      return openRegular(place, seen, options);
    case fileType.directory:
      return openDirectory(place, options);
    case fileType.symbolicLink:
      return options.follow || place.meansDirectory ? raced : Failure.of(errno.loop);
    default:
      return Failure.of(options.directory ? errno.notdir : errno.acces);
  }
}

function create(place: Place, options: OpenOptions, readOnly: boolean): Result<Opened> | typeof raced {
  if (!options.create) return Failure.of(errno.noent);
  if (readOnly) return Failure.of(errno.rofs);
  if (place.meansDirectory) return Failure.of(errno.isdir);
  const flags = accessFlags(options) | constants.O_CREAT | constants.O_EXCL;
  const descriptor = openAt(place.directory, place.name, flags);
  if (!(descriptor instanceof Failure)) return { descriptor, directory: false };
  return descriptor.errno === errno.exist && !options.exclusive ? raced : descriptor;
}

function openDirectory(place: Place, options: OpenOptions): Result<Opened> | typeof raced {
  if (options.write || options.truncate || options.create) return Failure.of(errno.isdir);
  const descriptor = openDirectoryAt(place.directory, place.name);
  if (!(descriptor instanceof Failure)) return { descriptor, directory: true };
  return [errno.notdir, errno.loop, errno.noent].some((each) => each === descriptor.errno)
    ? raced
    : descriptor;
}

/** Opens a regular file that was seen; by its name where it could not be pinned. */
export function openRegular(
  place: Pick<Place, "directory" | "name">,
  { pin }: Pick<Seen, "pin">,
  options: OpenOptions,
): Result<Opened> | typeof raced {
  const flags = accessFlags(options) | constants.O_NONBLOCK | (options.truncate ? constants.O_TRUNC : 0);
  const same = pin === undefined ? Failure.of(errno.noent) : reopen(pin, flags);
  if (!(same instanceof Failure)) return { descriptor: same, directory: false };
  if (same.errno !== errno.noent) return same;
  // No /proc, or Darwin. Another thing may have taken the name since: O_NONBLOCK and O_NOCTTY keep it from acting.
  const descriptor = openAt(place.directory, place.name, flags);
  if (descriptor instanceof Failure) return descriptor.errno === errno.loop ? raced : descriptor;
  const stat = statOf(descriptor);
  if (!(stat instanceof Failure) && stat.type === fileType.regularFile) {
    return { descriptor, directory: false };
  }
  closeDescriptor(descriptor);
  return stat instanceof Failure ? stat : raced;
}

function accessFlags({ read, write, sync }: OpenOptions): number {
  const access = !write ? constants.O_RDONLY : read ? constants.O_RDWR : constants.O_WRONLY;
  return access | (sync === "all" ? constants.O_SYNC : sync === "data" ? constants.O_DSYNC : 0);
}
