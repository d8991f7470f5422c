/**
 * An open directory of this machine. Paths are followed below it and never out of it, whatever other processes do to
 * the tree meanwhile; a directory that was opened through another one is a bound of its own. Every answer comes at
 * once, and holds the thread while the disk is slow.
 */
import { fsyncSync } from "node:fs";
import { errno } from "../../errno.ts";
import { fileType } from "../../file-type.ts";
import { limits } from "../../limits.ts";
import { Failure, leadsOut, type Result } from "../answer.ts";
import { type DirectoryEntry, OpenDirectory, type OpenOptions } from "../open-directory.ts";
import type { Stat, Times } from "../open-node.ts";
import { type OpenBeneath, openBeneath } from "./beneath.ts";
import { HostFile } from "./host-file.ts";
import { listDirectory } from "./list-directory.ts";
import { lookAt, statOf } from "./look.ts";
import { openPlace, raced } from "./open-at.ts";
import { locate, locateUnfollowed, type Place } from "./place.ts";
import * as system from "./system-calls.ts";
import { failureOfThrown } from "./system-errno.ts";

const readOnlyFailure = Failure.of(errno.rofs);

export class HostDirectory extends OpenDirectory {
  readonly descriptor: number;
  readonly readOnly: boolean;
  readonly #openBeneath: OpenBeneath;

  /** @param beneath How directories below are reached; tests choose. */
  constructor(descriptor: number, readOnly: boolean, beneath: OpenBeneath = openBeneath) {
    super();
    this.descriptor = descriptor;
    this.readOnly = readOnly;
    this.#openBeneath = beneath;
  }

  override open(path: string, options: OpenOptions): Result<HostFile | HostDirectory> {
    if (options.create && options.directory) return Failure.of(errno.inval);
    // O_EXCL takes a link for what is already there.
    const follow = options.follow && !(options.create && options.exclusive);
    for (let attempt = 0; attempt < limits.racesMax; attempt++) {
      const opened = this.#at(path, follow, (place) =>
        openPlace(place, { ...options, follow }, this.readOnly),
      );
      if (opened === raced) continue;
      if (opened instanceof Failure) return opened;
      if (!opened.directory) return new HostFile(opened.descriptor, this.readOnly);
      return new HostDirectory(opened.descriptor, this.readOnly, this.#openBeneath);
    }
    return Failure.of(errno.again);
  }

  override statAt(path: string, follow: boolean): Result<Stat> {
    for (let attempt = 0; attempt < limits.racesMax; attempt++) {
      const stat = this.#at(path, follow, (place) => {
        const seen = look(place);
        // A link that came since the path was followed.
        return !(seen instanceof Failure) && follow && seen.type === fileType.symbolicLink ? raced : seen;
      });
      if (stat !== raced) return stat;
    }
    return Failure.of(errno.again);
  }

  override setTimesAt(path: string, follow: boolean, times: Times): Result<undefined> {
    if (this.readOnly) return readOnlyFailure;
    return this.#at(path, follow, (place) => {
      const refused = refuseSlash(place);
      return refused ?? system.setTimesAt(place.directory, place.name, times);
    });
  }

  override entries(): Result<DirectoryEntry[]> {
    return listDirectory(this.descriptor);
  }

  override createDirectory(path: string): Result<undefined> {
    return this.#change(path, (place) => system.createDirectoryAt(place.directory, place.name));
  }

  override removeDirectory(path: string): Result<undefined> {
    return this.#change(path, (place) => {
      // What the kernel says of a path that ends so: the directory has at least the one that it was reached through.
      if (/(^|\/)\.\.\/*$/.test(path)) return Failure.of(errno.notempty);
      return system.removeDirectoryAt(place.directory, place.name);
    });
  }

  override unlinkFile(path: string): Result<undefined> {
    return this.#change(path, (place) => {
      const refused = refuseSlash(place);
      if (refused !== undefined) return refused;
      const result = system.unlinkAt(place.directory, place.name);
      if (result?.errno !== errno.perm) return result;
      // What POSIX has for a directory, and Linux has not.
      const stat = look(place);
      return !(stat instanceof Failure) && stat.type === fileType.directory
        ? Failure.of(errno.isdir)
        : result;
    });
  }

  override rename(from: string, to: OpenDirectory, toPath: string): Result<undefined> {
    return this.#between(from, false, to, toPath, (source, target) => {
      const refused = refuseSlash(source);
      if (refused !== undefined) return refused;
      if (target.meansDirectory) {
        const stat = look(source);
        if (stat instanceof Failure) return stat;
        if (stat.type !== fileType.directory) return Failure.of(errno.notdir);
      }
      return system.renameAt(source.directory, source.name, target.directory, target.name);
    });
  }

  override link(from: string, follow: boolean, to: OpenDirectory, toPath: string): Result<undefined> {
    return this.#between(from, follow, to, toPath, (source, target) => {
      const refused = refuseSlash(source) ?? refuseNewFile(target);
      return refused ?? system.linkAt(source.directory, source.name, target.directory, target.name);
    });
  }

  override symlink(target: string, path: string): Result<undefined> {
    if (this.readOnly) return readOnlyFailure;
    if (target.startsWith("/")) return leadsOut;
    return this.#change(path, (place) => {
      return refuseNewFile(place) ?? system.symlinkAt(target, place.directory, place.name);
    });
  }

  override readLink(path: string): Result<string> {
    return this.#at(path, false, (place) => {
      return refuseSlash(place) ?? system.readLinkAt(place.directory, place.name);
    });
  }

  override stat(): Result<Stat> {
    return statOf(this.descriptor);
  }

  override setTimes(times: Times): Result<undefined> {
    return this.readOnly ? readOnlyFailure : system.setTimesAt(this.descriptor, ".", times);
  }

  override sync(): Result<undefined> {
    // The descriptor that the others are found through can only stand for the directory.
    const opened = system.openDirectoryToReadAt(this.descriptor, ".");
    if (opened instanceof Failure) return opened;
    try {
      fsyncSync(opened);
      return undefined;
    } catch (error) {
      return failureOfThrown(error);
    } finally {
      system.closeDescriptor(opened);
    }
  }

  override dataSync(): Result<undefined> {
    return this.sync();
  }

  override close(): void {
    system.closeDescriptor(this.descriptor);
  }

  /** Does something at the place of a path, which is followed to its end if asked. */
  #at<T>(path: string, follow: boolean, act: (place: Place) => T): T | Failure {
    const place = locate(this.descriptor, path, follow, this.#openBeneath);
    if (place instanceof Failure) return place;
    using _ = place;
    return act(place);
  }

  /** Changes what a path names; a link there is meant itself, also with a slash behind it. */
  #change(path: string, act: (place: Place) => Result<undefined>): Result<undefined> {
    if (this.readOnly) return readOnlyFailure;
    const place = locateUnfollowed(this.descriptor, path, this.#openBeneath);
    if (place instanceof Failure) return place;
    using _ = place;
    return act(place);
  }

  #between(
    from: string,
    follow: boolean,
    to: OpenDirectory,
    toPath: string,
    act: (source: Place, target: Place) => Result<undefined>,
  ): Result<undefined> {
    if (!(to instanceof HostDirectory)) return Failure.of(errno.xdev);
    if (this.readOnly) return readOnlyFailure;
    const source = follow
      ? locate(this.descriptor, from, true, this.#openBeneath)
      : locateUnfollowed(this.descriptor, from, this.#openBeneath);
    if (source instanceof Failure) return source;
    using _ = source;
    return to.#change(toPath, (target) => act(source, target));
  }
}

function look(place: Place): Result<Stat> {
  const seen = lookAt(place.directory, place.name);
  if (seen instanceof Failure) return seen;
  seen[Symbol.dispose]();
  const fits = !place.meansDirectory || seen.stat.type === fileType.directory;
  return fits ? seen.stat : Failure.of(errno.notdir);
}

/** A slash behind what is no directory is ENOTDIR. */
function refuseSlash(place: Place): Failure | undefined {
  if (!place.meansDirectory) return undefined;
  const stat = look(place);
  return stat instanceof Failure ? stat : undefined;
}

/** Nothing but a directory can be made under a name with a slash behind it: ENOENT, or what is there is in the way. */
function refuseNewFile(place: Place): Failure | undefined {
  if (!place.meansDirectory) return undefined;
  const stat = look(place);
  return stat instanceof Failure ? stat : Failure.of(errno.exist);
}
