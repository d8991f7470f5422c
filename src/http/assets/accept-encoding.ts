/** The choice of a content coding (RFC 9110 §12.5.3). */
import { parseAccept } from "hono/utils/accept";

/** The codings that are offered. All browsers of today read the three. */
export const codings = ["zstd", "br", "gzip"] as const;

/** One of `codings`. */
export type Coding = (typeof codings)[number];

/** How much a client wants each form, 0 to 1. 0: it does not accept it. */
export type CodingWeights = Readonly<Record<Coding | "identity", number>>;

/** Identity is acceptable when nothing is said about it, but less than anything that is named (0.001 at least). */
const unnamedIdentityWeight = 0.0005;

const identityOnly: CodingWeights = { zstd: 0, br: 0, gzip: 0, identity: 1 };

/** Clients send the same few values again and again. Bounded: 64 values of at most 256 characters. */
const parsed = new Map<string, CodingWeights>();
const parsedMax = 64;
const parsedCharsMax = 256;

/** The weights in a field value. Without one a client takes anything by the letter, but only identity is safe. */
export function parseAcceptEncoding(fieldValue: string | null): CodingWeights {
  if (fieldValue === null) return identityOnly;
  const known = parsed.get(fieldValue);
  if (known !== undefined) return known;
  const weights = parseWeights(fieldValue);
  if (fieldValue.length <= parsedCharsMax) {
    if (parsed.size >= parsedMax) parsed.clear();
    parsed.set(fieldValue, weights);
  }
  return weights;
}

/**
 * The form to send: the one with the highest weight, at equal weights the first of `forms`, and identity last.
 * `undefined` where the client accepts none, not even identity.
 */
export function chooseForm<Form extends { readonly coding: Coding }>(
  weights: CodingWeights,
  forms: readonly Form[],
): Form | "identity" | undefined {
  let best: Form | undefined;
  let bestWeight = 0;
  for (const form of forms) {
    if (weights[form.coding] <= bestWeight) continue;
    best = form;
    bestWeight = weights[form.coding];
  }
  if (best !== undefined && bestWeight >= weights.identity) return best;
  return weights.identity > 0 ? "identity" : undefined;
}

function parseWeights(fieldValue: string): CodingWeights {
  const named = new Map<string, number>();
  for (const { type, q } of parseAccept(fieldValue)) named.set(type.toLowerCase(), q);
  const others = named.get("*");
  return {
    zstd: named.get("zstd") ?? others ?? 0,
    br: named.get("br") ?? others ?? 0,
    gzip: named.get("gzip") ?? named.get("x-gzip") ?? others ?? 0,
    identity: named.get("identity") ?? others ?? unnamedIdentityWeight,
  };
}
