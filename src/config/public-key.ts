/** Public keys of minisign as emend.toml has them: the second line of a .pub file. */

/** What a public key should have been, or undefined when it is fine. 42 bytes fill 56 digits: each has one spelling. */
export function checkPublicKey(text: string): string | undefined {
  const bytes = /^[A-Za-z0-9+/]{56}$/.test(text) ? Buffer.from(text, "base64") : undefined;
  return bytes?.toString("latin1", 0, 2) === "Ed" ? undefined : "a minisign public key (56 characters, RW…)";
}

/** What JSON Schema can say of it: `Ed` and the upper half of the next byte. */
export const publicKeyPattern = "^RW[Q-T][A-Za-z0-9+/]{53}$";
