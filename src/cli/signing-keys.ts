/** `--key` of commands that sign: secret keys from files, with their passphrases. */
import { readFileSync } from "node:fs";
import { EmendError, messageOf } from "../errors.ts";
import { withIoErrors } from "../release/index.ts";
import { needsPassphrase, parseSecretKey, type SecretKey } from "../signing/index.ts";
import { askPassphrase, canAsk } from "./ask-passphrase.ts";

/**
 * The keys in these files. A passphrase comes from `passphraseFile` (its first line), else from the terminal.
 * Throws `key.format`, `key.passphrase`, `io`, and `usage` for a key that is named twice.
 */
export async function readSigningKeys(
  files: readonly string[],
  passphraseFile: string | undefined,
): Promise<SecretKey[]> {
  const kept = passphraseFile === undefined ? null : readText("read the passphrase", passphraseFile);
  const keys: SecretKey[] = [];
  for (const file of files) keys.push(await readSigningKey(file, kept?.split(/\r?\n/, 1)[0] ?? null));
  if (new Set(keys.map(({ publicKey }) => publicKey.text)).size < keys.length) {
    throw new EmendError("usage", "expected different keys: one key counts once, however often it signs");
  }
  return keys;
}

async function readSigningKey(file: string, kept: string | null): Promise<SecretKey> {
  const text = readText("read the secret key", file);
  try {
    if (!needsPassphrase(text)) return parseSecretKey(text);
    const passphrase = kept ?? (canAsk() ? await askPassphrase(`passphrase of ${file}: `) : null);
    if (passphrase !== null) return parseSecretKey(text, passphrase);
    throw new EmendError("key.passphrase", "expected --passphrase-file: nobody can be asked here");
  } catch (error) {
    if (!(error instanceof EmendError)) throw error;
    throw new EmendError(error.code, `--key ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function readText(step: string, file: string): string {
  return withIoErrors(step, file, () => readFileSync(file, "utf8"));
}
