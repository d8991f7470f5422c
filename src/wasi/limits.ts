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
} as const;
