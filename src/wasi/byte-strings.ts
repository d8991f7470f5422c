/**
 * Arguments and environment as the guest gets them: NUL-terminated strings, back to back, and a pointer to
 * each. A *byte string* has one character a byte (latin-1): header values go through untouched that way.
 */

export interface ByteStrings {
  readonly count: number;
  /** All strings with their NULs. */
  readonly block: Uint8Array;
}

/** Encodes byte strings. None may contain a NUL: the guest would see it cut. */
export function encodeByteStrings(strings: readonly string[]): ByteStrings {
  const text = strings.length === 0 ? "" : `${strings.join("\0")}\0`;
  return { count: strings.length, block: Buffer.from(text, "latin1") };
}

/** A text as a byte string of its UTF-8. */
export function toByteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
