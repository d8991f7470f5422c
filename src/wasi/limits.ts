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
  /** Longest path that is handed to an operating system, and longest target of a link: PATH_MAX of Linux. */
  pathBytesMax: 4096,
  /** Symbolic links in one path; ELOOP above, as on Linux. */
  symbolicLinksMax: 40,
  /** How often a path is looked up again because somebody changed it meanwhile; EAGAIN then. */
  racesMax: 32,
  /** Names in one directory; ENOMEM above. At about 150 bytes each they take 75 MB while they are listed. */
  directoryEntriesMax: 500_000,
} as const;
