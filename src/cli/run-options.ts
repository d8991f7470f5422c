/** What follows `emend run` before the module: parsed, and refused where it says nothing. */
import { EmendError } from "../errors.ts";
import { guestMemoryPagesMax } from "../limits.ts";

/** A directory of this machine and the name that the guest knows it by. */
export interface DirectoryGrant {
  readonly host: string;
  readonly guest: string;
  readonly readOnly: boolean;
}

/** The longest that a timer can be set, milliseconds: 24 days. */
const timeoutMsMax = 2 ** 31 - 1;

/**
 * Parses `HOST::GUEST[:ro]`, or `HOST[:ro]` for a directory that the guest knows by the same name.
 *
 * @throws EmendError `usage`
 */
export function parseDirectory(text: string): DirectoryGrant {
  const readOnly = text.endsWith(":ro");
  const names = readOnly ? text.slice(0, -":ro".length) : text;
  const at = names.indexOf("::");
  const host = at < 0 ? names : names.slice(0, at);
  const guest = at < 0 ? names : names.slice(at + 2);
  if (host === "" || guest === "")
    throw new EmendError(
      "usage",
      `--dir ${JSON.stringify(text)}: expected HOST::GUEST, HOST::GUEST:ro or HOST`,
    );
  return { host, guest, readOnly };
}

/**
 * Parses `K=V` of each `--env`; `K` alone takes the value of `own`, and gives the guest nothing where there is none.
 * A name that is given twice has its last value.
 *
 * @throws EmendError `usage`
 */
export function parseEnvironment(
  texts: readonly string[],
  own: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    if (name === "")
      throw new EmendError("usage", `--env ${JSON.stringify(text)}: expected NAME=VALUE or NAME`);
    const value = at < 0 ? own[name] : text.slice(at + 1);
    if (value !== undefined) environment.set(name, value);
  }
  return environment;
}

/** Parses `--fuel`, whole units. @throws EmendError `usage` */
export function parseFuel(text: string): number {
  return parseWhole("--fuel", text, "units", Number.MAX_SAFE_INTEGER);
}

/** Parses `--memory-max`, whole MiB, into pages of 64 KiB. @throws EmendError `usage` */
export function parseMemoryPages(text: string): number {
  return parseWhole("--memory-max", text, "MiB", Math.floor(guestMemoryPagesMax / pagesPerMib)) * pagesPerMib;
}

const pagesPerMib = 16;

function parseWhole(option: string, text: string, unit: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max)
    throw new EmendError(
      "usage",
      `${option} ${JSON.stringify(text)}: expected whole ${unit} from 1 to ${max}`,
    );
  return value;
}

/** Parses `--timeout`, whole milliseconds. @throws EmendError `usage` */
export function parseTimeoutMs(text: string): number {
  return parseWhole("--timeout", text, "milliseconds", timeoutMsMax);
}
