/** `--key`: a public key as a line `RWQ…`, or the name of a .pub file. */
import { readFileSync } from "node:fs";
import { EmendError, messageOf } from "../errors.ts";
import { withIoErrors } from "../release/index.ts";
import { type PublicKey, parsePublicKey } from "../trust/index.ts";

/** The keys that were given, in their order. Throws `key.format`, which says of which argument, and `io`. */
export function readPublicKeys(values: readonly string[]): PublicKey[] {
  return values.map((value) => {
    const text = looksLikeKey(value)
      ? value
      : withIoErrors("read the public key", value, () => readFileSync(value, "utf8"));
    try {
      return parsePublicKey(text);
    } catch (error) {
      if (!(error instanceof EmendError)) throw error;
      throw new EmendError(error.code, `--key ${value}: ${messageOf(error)}`, { cause: error });
    }
  });
}

/** For commander: an option that may be given several times. */
export function collectValues(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The first bytes, "Ed", make every key begin so; a file's name is hardly as long. */
function looksLikeKey(value: string): boolean {
  return /^RW[A-Za-z0-9+/=]{54}$/.test(value);
}
