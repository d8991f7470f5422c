/** Public keys of minisign as emend.toml has them: the second line of a .pub file. */
import { messageOf } from "../errors.ts";
import { parsePublicKey } from "../trust/index.ts";

/** What a public key should have been, or undefined when it is fine. 42 bytes fill 56 digits: each has one spelling. */
export function checkPublicKey(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]{56}$/.test(text)) return "a minisign public key (56 characters, RW…)";
  try {
    parsePublicKey(text);
    return undefined;
  } catch (error) {
    return `a minisign public key (${messageOf(error)})`;
  }
}

/** What JSON Schema can say of it: `Ed` and the upper half of the next byte. */
export const publicKeyPattern = "^RW[Q-T][A-Za-z0-9+/]{53}$";
