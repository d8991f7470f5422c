/** Bounds of single host calls. They belong to the ABI's host and not to any site, so they live in this room. */
export const limits = {
  /** What one getRandomValues call takes at the most (Web Crypto's own quota). */
  randomChunkBytes: 65_536,
  /** iovecs of one call, as IOV_MAX of Linux; EINVAL above. */
  ioVectorsMax: 1024,
  /** Subscriptions of one poll_oneoff; EINVAL above. Nobody waits for more than a few. */
  subscriptionsMax: 4096,
  /** How long a guest that only yields or polls may hold the thread before the event loop runs. */
  yieldAfterMs: 1,
  /** Cost of a guest's calls, in the units of costs.ts, behind which it is looked at whether its slice is over: 0.2 ms. */
  callCostSlice: 200_000,
  /** Longest path and longest target of a link, in bytes: PATH_MAX of Linux; ENAMETOOLONG above. */
  pathBytesMax: 4096,
  /** Symbolic links in one path; ELOOP above, as on Linux. */
  symbolicLinksMax: 40,
  /** How often a path is looked up again because somebody changed it meanwhile; EAGAIN then. */
  racesMax: 32,
  /** Names in one directory; ENOMEM above. At about 150 bytes each they take 75 MB while they are listed. */
  directoryEntriesMax: 500_000,
  /** Open descriptors of one guest, its streams and preopens among them; EMFILE above. As Linux gives a process. */
  descriptorsMax: 1024,
  /** Bytes of one name in a path, as NAME_MAX of Linux; ENAMETOOLONG above. */
  nameBytesMax: 255,
  /** Letters of all symbolic links that one path leads through: 4 paths of full length; ENAMETOOLONG above. */
  expandedPathMax: 16_384,
  /** What one read, write or listing moves at the most before the clock is looked at: about 0.1 ms. */
  pieceBytes: 1_048_576,
  /** How much the disk thread reads or writes at once. */
  diskPieceBytes: 262_144,
  /** Operations that wait for the disk thread; EAGAIN above. A guest has one: 512 · 256 KiB are 128 MiB at the most. */
  diskCallsMax: 512,
  /**
   * Descriptors that all guests of a serving process have open below its mounts; ENFILE above. Half of 1024, which
   * many systems give a process: the other half is for connections.
   */
  mountedDescriptorsMax: 512,
  /** How long the disk thread is kept when nobody asks for anything. Starting it takes a few milliseconds. */
  diskThreadIdleMs: 10_000,
} as const;
