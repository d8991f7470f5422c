/** Base64 as it must stand in keys and signatures: padded, without white space, unused bits 0. */

/** The `length` bytes that `text` stands for; null when it is anything but their one encoding. */
export function decodeBase64(text: string, length: number): Uint8Array | null {
  // Longer texts are not even looked at.
  if (text.length !== Math.ceil(length / 3) * 4) return null;
  try {
    const bytes = Uint8Array.fromBase64(text);
    // Decoding skips white space and drops unused bits, so there are many texts for the same bytes.
    return bytes.length === length && bytes.toBase64() === text ? bytes : null;
  } catch {
    return null;
  }
}
