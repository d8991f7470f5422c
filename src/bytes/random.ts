/** Random bytes of the system's generator, at most 65,536 (Web Crypto's own bound). */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
