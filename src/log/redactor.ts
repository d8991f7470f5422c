/**
 * Keeps secrets out of the log. Headers are masked by name, always. Free text (a guest's stderr, a message)
 * is searched for the usual ways to print a header, such as a dump of the environment: that catches accidents,
 * it cannot catch a guest that prints what it was given under another name.
 */
import { logHeadersMax } from "../limits.ts";

/** Masks what must not be logged. */
export interface Redactor {
  /** The headers as plain names and values, secret values masked. At most `logHeadersMax` of them. */
  readonly headers: (headers: Headers) => Record<string, string>;
  /** The text, cut after the name of a secret that a value follows. */
  readonly text: (text: string) => string;
}

const alwaysSecret: readonly string[] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
const mask = "[redacted]";

/** A redactor for the credentials of HTTP and for further header names, case-insensitive. */
export function createRedactor(names: readonly string[]): Redactor {
  const secret = new Set([...alwaysSecret, ...names.map((name) => name.trim().toLowerCase())]);
  secret.delete("");
  const printed = printedSecret(secret);
  return {
    headers: (headers) => {
      const shown: Record<string, string> = Object.create(null);
      for (const [name, value] of [...headers].slice(0, logHeadersMax))
        shown[name] = secret.has(name) ? mask : value;
      return shown;
    },
    text: (text) => text.replace(printed, `$1 ${mask}`),
  };
}

/**
 * `Cookie: …`, `HTTP_COOKIE=…`, `"cookie": "…"`, `("cookie", "…")`, `headers['cookie'] => …`, a coloured name.
 * Everything to the end of the text goes: where a value ends is anyone's guess.
 */
function printedSecret(names: ReadonlySet<string>): RegExp {
  const words = [...names].map((name) => RegExp.escape(name).replaceAll(/\\x2d|[-_]/g, "[-_]"));
  const decoration = String.raw`(?:["'\`\\)\]\s\x00-\x1f]|\x1b\[[\d;]*m)*`;
  return new RegExp(String.raw`((?:${words.join("|")})(?:${decoration}[:=]|\\?["'\`]\s*,)).*`, "gis");
}
