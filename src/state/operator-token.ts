/**
 * The operator token: whoever has it may do everything that the admin listener offers. It comes from the
 * environment, or from a file that only the node's user may read. `emend_` in front lets secret scanners know it.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { readStateFile, stateError, writeStateFile } from "./state-file.ts";

const fileName = "token";

/** A new token: 32 random bytes as base64url, 49 characters in all. */
export function createOperatorToken(): string {
  return `emend_${Buffer.from(randomBytes(32)).toString("base64url")}`;
}

/**
 * A token that an operator chose. Any visible ASCII will do, since it has to travel in a header; under 16
 * characters it could be guessed. Throws `usage`, without saying what it was.
 */
export function checkChosenToken(token: string): string {
  if (/^[\x21-\x7e]{16,512}$/.test(token)) return token;
  throw new EmendError(
    "usage",
    `EMEND_TOKEN: expected 16 to 512 visible ASCII characters without spaces, got ${token.length} characters; ` +
      "leave it unset and the node makes a token of its own",
  );
}

/** The token kept in a state directory, made when there is none. Throws `io`. */
export function openOperatorToken(dir: string): string {
  if (readOperatorToken(dir) === undefined) writeStateFile(dir, fileName, `${createOperatorToken()}\n`);
  const token = readOperatorToken(dir);
  // Read back on purpose: what the next start would refuse (a file system without modes) is refused now.
  if (token === undefined) throw stateError(`${join(dir, fileName)} was removed while the node started`);
  return token;
}

/** The token kept in a state directory, undefined when there is none. Throws `io` when it cannot be trusted. */
export function readOperatorToken(dir: string): string | undefined {
  const text = readStateFile(dir, fileName, 1024);
  if (text === undefined) return undefined;
  const path = join(dir, fileName);
  const mode = statSync(path).mode & 0o777;
  // The group may: Kubernetes (fsGroup) gives volumes to one, and a group is somebody's decision. The world may not.
  if ((mode & 0o007) !== 0) {
    throw stateError(
      `${path} can be used by everybody on this machine (mode ${mode.toString(8)}, expected 600): ` +
        "delete it and the node makes a new token, or set EMEND_TOKEN",
    );
  }
  const token = text.replace(/\n$/, "");
  if (/^emend_[A-Za-z0-9_-]{43}$/.test(token)) return token;
  throw stateError(
    `${path} is damaged: expected emend_ and 43 characters, got ${text.trim() === "" ? "nothing" : `${text.length} characters of something else`}; ` +
      "delete it and the node makes a new token",
  );
}
