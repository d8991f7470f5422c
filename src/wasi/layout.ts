/**
 * Where the ABIs differ in what lies in the guest's memory, and in the numbers that mean something. All else is
 * the same in both. Sources: `typenames.witx` of WebAssembly/WASI, legacy/preview1 and legacy/preview0.
 */

/** A byte offset of each field, and the size of the whole. */
export interface FilestatLayout {
  readonly bytes: number;
  readonly links: number;
  /** Of the number of links: 8, or 4, which larger numbers are cut to. */
  readonly linksBytes: 4 | 8;
  /** Size, access, modification and change follow each other from here on, 8 bytes each. */
  readonly size: number;
}

/** Offsets in a subscription to a clock; userdata, type and descriptor lie at 0, 8 and 16 in both. */
export interface SubscriptionLayout {
  readonly bytes: number;
  readonly clock: number;
  readonly timeout: number;
  readonly flags: number;
}

/** `$whence` by its meaning. */
export interface Whence {
  readonly set: number;
  readonly current: number;
  readonly end: number;
}

export interface Layout {
  readonly filestat: FilestatLayout;
  readonly subscription: SubscriptionLayout;
  readonly whence: Whence;
}

/**
 * ```
 *  filestat      [dev u64][ino u64][filetype u8, 7 pad][nlink u64][size u64][atim u64][mtim u64][ctim u64]
 *  subscription  [userdata u64][type u8, 7 pad][id u32, 4 pad][timeout u64][precision u64][flags u16, 6 pad]
 * ```
 */
export const preview1Layout: Layout = {
  filestat: { bytes: 64, links: 24, linksBytes: 8, size: 32 },
  subscription: { bytes: 48, clock: 16, timeout: 24, flags: 40 },
  whence: { set: 0, current: 1, end: 2 },
};

/**
 * ```
 *  filestat      [dev u64][ino u64][filetype u8, 3 pad][nlink u32][size u64][atim u64][mtim u64][ctim u64]
 *  subscription  [userdata u64][type u8, 7 pad][identifier u64][id u32, 4 pad][timeout u64][precision u64]
 *                [flags u16, 6 pad]
 * ```
 */
export const snapshot0Layout: Layout = {
  filestat: { bytes: 56, links: 20, linksBytes: 4, size: 24 },
  subscription: { bytes: 56, clock: 24, timeout: 32, flags: 48 },
  whence: { current: 0, end: 1, set: 2 },
};
