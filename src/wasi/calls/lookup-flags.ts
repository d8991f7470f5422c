/** `$lookupflags`: the one flag says that a symbolic link at the end of a path is followed. */

const symlinkFollow = 1;

/** Whether only known flags are set. */
export function isLookup(flags: number): boolean {
  return (flags & ~symlinkFollow) === 0;
}

export function followsLinks(flags: number): boolean {
  return (flags & symlinkFollow) !== 0;
}
