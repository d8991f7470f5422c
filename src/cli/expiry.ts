/** `--expires`: until when a patch may be applied. */
import { EmendError } from "../errors.ts";
import { formatInstant } from "../trust/index.ts";

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** `7d` from now, or a time in UTC, as manifests write it. Throws `usage`. */
export function parseExpiry(text: string, nowMs: number): string {
  const [, count, unit] = /^([1-9][0-9]{0,5})([smhdw])$/.exec(text) ?? [];
  const ms =
    count === undefined ? instantOf(text) : nowMs + Number(count) * unitMs[unit as keyof typeof unitMs];
  if (ms > nowMs && ms < Date.UTC(9999, 11)) return formatInstant(ms);
  throw new EmendError(
    "usage",
    `--expires ${JSON.stringify(text)}: expected a time from now on, such as 12h, 7d, 4w or 2030-01-31T12:00:00Z`,
  );
}

/** NaN for what is none, and for a time that does not say its zone. */
function instantOf(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN;
}
