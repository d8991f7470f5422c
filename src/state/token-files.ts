/**
 * Tokens beside the operator's, in `tokens/` of the state directory: a file each, so that two who add one at once
 * cannot undo each other. A file holds the SHA-256 of a token and never the token: it cannot be shown again. A plain
 * hash will do, since tokens are 32 random bytes and no one's password.
 */
import { linkSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { tokensMax } from "../limits.ts";
import { createOperatorToken } from "./operator-token.ts";
import { type Principal, type Role, roles } from "./principal.ts";
import {
  makeStateDirectory,
  readStateFile,
  stateError,
  syncDirectory,
  writeStateFile,
} from "./state-file.ts";

/** A token as it is kept. */
export interface KeptToken extends Principal {
  /** RFC 3339. */
  readonly createdAt: string;
  /** SHA-256 of the token, 64 hexadecimal digits. */
  readonly sha256: string;
}

const folder = "tokens";
const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** They would be taken for somebody else in the audit. */
const reservedNames: readonly string[] = ["operator", "node"];

/** The directory that the tokens of a state directory lie in. */
export function tokensDir(dir: string): string {
  return join(dir, folder);
}

/** All tokens, by name. Throws `io` when one of the files is damaged, or when everybody could add some. */
export function readTokens(dir: string): readonly KeptToken[] {
  const path = tokensDir(dir);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if ((found.mode & 0o002) !== 0)
    throw stateError(`${path} can be written by everybody on this machine, expected mode 700`);
  // Names with a dot in front are files on their way in.
  const names = readdirSync(path).filter((name) => namePattern.test(name));
  return names.sort().flatMap((name) => readToken(path, name) ?? []);
}

/**
 * Makes a token and keeps its hash. The answer is the only time that it is seen.
 *
 * @throws EmendError `usage` for a name that cannot be one or is taken; `io`.
 */
export function addToken(dir: string, { name, role, site }: Principal, nowMs: number): string {
  checkName(name);
  const path = tokensDir(dir);
  if (readTokens(dir).length >= tokensMax)
    throw new EmendError("usage", `a node keeps at most ${tokensMax} tokens: remove one first`);
  const token = createOperatorToken();
  const kept: KeptToken = {
    name,
    role,
    site,
    createdAt: new Date(nowMs).toISOString(),
    sha256: sha256Hex(token),
  };
  // Written under a name that is nobody's, then linked: a link never replaces what is there.
  const draft = `.${kept.sha256}`;
  try {
    makeStateDirectory(path);
    writeStateFile(path, draft, `${JSON.stringify(kept)}\n`);
    linkSync(join(path, draft), join(path, name));
    return token;
  } catch (error) {
    if (statSync(join(path, name), { throwIfNoEntry: false }) === undefined)
      throw stateError(`cannot keep the token in ${path}`, error);
    throw new EmendError("usage", `there is a token ${name} already: remove it first, or take another name`);
  } finally {
    rmSync(join(path, draft), { force: true });
    if (statSync(path, { throwIfNoEntry: false })) syncDirectory(path);
  }
}

/** Removes a token; whoever has it is refused from now on. Throws `usage` when there is none of that name. */
export function removeToken(dir: string, name: string): void {
  checkName(name);
  const path = tokensDir(dir);
  if (statSync(join(path, name), { throwIfNoEntry: false }) === undefined)
    throw new EmendError("usage", `there is no token ${name} in ${path}`);
  try {
    rmSync(join(path, name));
    syncDirectory(path);
  } catch (error) {
    throw stateError(`cannot remove ${join(path, name)}`, error);
  }
}

function checkName(name: string): void {
  if (namePattern.test(name) && !reservedNames.includes(name)) return;
  throw new EmendError(
    "usage",
    `the name of a token: expected 1 to 64 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit, ` +
      `and neither ${reservedNames.join(" nor ")}, got ${JSON.stringify(name)}`,
  );
}

/** Undefined for one that was removed this moment. */
function readToken(path: string, name: string): KeptToken | undefined {
  const text = readStateFile(path, name, 4096);
  if (text === undefined) return undefined;
  const kept = parseToken(text);
  if (kept?.name === name) return kept;
  throw stateError(`${join(path, name)} is damaged: delete it and add the token again`);
}

function parseToken(text: string): KeptToken | undefined {
  try {
    const { name, role, site, createdAt, sha256 } = JSON.parse(text);
    const isWhole =
      typeof name === "string" &&
      roles.includes(role) &&
      (site === null || typeof site === "string") &&
      typeof createdAt === "string" &&
      /^[0-9a-f]{64}$/.test(sha256);
    return isWhole ? { name, role: role as Role, site, createdAt, sha256 } : undefined;
  } catch {
    return undefined;
  }
}
