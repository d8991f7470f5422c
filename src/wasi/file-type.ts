/** `$filetype`: what is behind a descriptor or a name. */
export const fileType = {
  /** A stream that is no terminal, so that stdio buffers it whole; or a file of a kind without a number here. */
  unknown: 0,
  blockDevice: 1,
  characterDevice: 2,
  directory: 3,
  regularFile: 4,
  socketDgram: 5,
  socketStream: 6,
  symbolicLink: 7,
} as const;
