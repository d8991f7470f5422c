/** Tells whose a token is: the operator's, or one of those kept in the state directory. */
import { statSync } from "node:fs";
import { sha256Hex } from "../bytes/index.ts";
import { messageOf } from "../errors.ts";
import type { Principal } from "./principal.ts";
import { type KeptToken, readTokens, tokensDir } from "./token-files.ts";

/** What a book is made of. */
export interface TokenBookOptions {
  readonly operatorToken: string;
  /** The state directory; with null there is only the operator token. */
  readonly dir: string | null;
  /** Told when the kept tokens cannot be read: nobody but the operator gets in then. */
  readonly report: (message: string) => void;
}

/** How long a change of the directory may share its time stamp with the next one: file systems count in ticks. */
const tickMs = 1000;

export class TokenBook {
  readonly #operator: Uint8Array;
  readonly #dir: string | null;
  readonly #report: (message: string) => void;
  /** What was read, and of which state of the directory. */
  #kept: readonly KeptToken[] = [];
  #stamp: string | undefined;

  constructor({ operatorToken, dir, report }: TokenBookOptions) {
    this.#operator = digest(operatorToken);
    this.#dir = dir;
    this.#report = report;
  }

  /** Whose token it is; undefined when it is nobody's. A token added or removed meanwhile counts at once. */
  principalOf(token: string): Principal | undefined {
    const given = digest(token);
    // Digests have one length, and all are looked at: how long it takes says nothing about the tokens.
    let found: Principal | undefined;
    for (const { name, role, site, sha256 } of this.#tokens()) {
      if (crypto.timingSafeEqual(given, Buffer.from(sha256, "hex"))) found = { name, role, site };
    }
    return crypto.timingSafeEqual(given, this.#operator)
      ? { name: "operator", role: "operator", site: null }
      : found;
  }

  #tokens(): readonly KeptToken[] {
    if (this.#dir === null) return [];
    try {
      const stamp = stampOf(tokensDir(this.#dir));
      if (stamp === undefined || stamp !== this.#stamp) {
        this.#kept = readTokens(this.#dir);
        this.#stamp = stamp;
      }
    } catch (error) {
      this.#kept = [];
      this.#stamp = undefined;
      this.#report(messageOf(error));
    }
    return this.#kept;
  }
}

/** What changes when a file comes or goes; undefined while the next change could look the same. */
function stampOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "none";
  const { ino, mtimeMs, mode } = found;
  return Math.abs(Date.now() - mtimeMs) < tickMs ? undefined : `${ino} ${mtimeMs} ${mode}`;
}

function digest(token: string): Uint8Array {
  return Buffer.from(sha256Hex(token), "hex");
}
