/**
 * TOML as Bun reads it, with two additions: where a syntax error is (Bun's error has no line), and a refusal of
 * keys that JavaScript objects cannot hold safely.
 */
import { messageOf } from "../errors.ts";
import { configBytesMax } from "../limits.ts";
import { type ConfigIssue, joinKey } from "./issue.ts";
import { isTable } from "./table.ts";

/** A document as plain objects and lists, or what is wrong with its text. */
export type Toml =
  | { readonly kind: "document"; readonly root: Record<string, unknown> }
  | { readonly kind: "invalid"; readonly issues: readonly ConfigIssue[] };

/** Parses a document. Never throws: a text that is not TOML is a verdict. */
export function parseToml(text: string): Toml {
  const bytes = Buffer.byteLength(text);
  if (bytes > configBytesMax) return invalid("", `expected at most ${configBytesMax} bytes, got ${bytes}`);
  const parsed = tryParse(text);
  if (parsed.kind === "error") return invalid("", `expected TOML, got ${placeOf(text)}: ${parsed.reason}`);
  const reserved = findReservedKeys(parsed.root);
  return reserved.length > 0
    ? { kind: "invalid", issues: reserved }
    : { kind: "document", root: parsed.root };
}

type Attempt =
  | { readonly kind: "document"; readonly root: Record<string, unknown> }
  | { readonly kind: "error"; readonly reason: string };

function tryParse(text: string): Attempt {
  try {
    return { kind: "document", root: Bun.TOML.parse(text) as Record<string, unknown> };
  } catch (thrown) {
    if (thrown instanceof RangeError) return { kind: "error", reason: "nested too deeply" };
    return { kind: "error", reason: messageOf(thrown).replace(/^TOML Parse error: /, "") };
  }
}

/** How many lines a value may span before the search below takes its inside for an error. */
const valueLinesMax = 32;

/** Longest text that is searched, UTF-16 units: the search parses it up to 11 × 32 times, at most 0.5 s in all. */
const searchedCharsMax = 32 * 1024;

/**
 * Where the error is: after the longest beginning of whole lines that is TOML. A beginning that ends inside a
 * value of several lines is none, so the binary search looks a few lines ahead before it takes one for bad.
 */
function placeOf(text: string): string {
  if (text.length > searchedCharsMax) return "an error";
  const lines = text.split("\n");
  const isGood = (count: number) => tryParse(lines.slice(0, count).join("\n")).kind === "document";
  let good = 0;
  let bad = lines.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    let end = middle;
    while (end < bad && end < middle + valueLinesMax && !isGood(end)) end++;
    if (end < bad && end < middle + valueLinesMax) good = end;
    else bad = middle;
  }
  const start = lines.findIndex((line, index) => index >= good && !/^\s*(#|$)/.test(line));
  return `an error at line ${(start < 0 ? good : start) + 1}`;
}

/**
 * Keys such as `constructor` and `__proto__` at any depth. Every JavaScript object has them already, and valibot
 * leaves some of them out without a word; a key that is read and ignored is worse than one that is refused.
 */
function findReservedKeys(root: Record<string, unknown>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const open: { readonly path: string; readonly value: unknown }[] = [{ path: "", value: root }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, value } = next;
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        if (typeof item === "object") open.push({ path: `${path}[${index}]`, value: item });
      });
    } else if (isTable(value)) {
      for (const [key, inner] of Object.entries(value)) {
        const at = joinKey(path, key);
        if (key in Object.prototype || key === "prototype") {
          issues.push({ path: at, message: "expected another name, got a reserved one" });
        } else if (typeof inner === "object") open.push({ path: at, value: inner });
      }
    }
  }
  return issues;
}

function invalid(path: string, message: string): Toml {
  return { kind: "invalid", issues: [{ path, message }] };
}
