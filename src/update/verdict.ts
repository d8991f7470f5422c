/**
 * Verdicts on a release that answers for real: of a watch after a commit, and of a canary. Pure: counts in, verdict out.
 *
 * A release is worse when its share of failures is above the other's by more than the margin that the operator
 * allows, and chance alone would do that at most once in a hundred times (one-sided test of two proportions, not
 * pooled, since the two are not assumed to be equal: z = (p₁ − p₂ − margin) / √(p₁q₁/n₁ + p₂q₂/n₂)).
 */

/** How often a release failed by its own fault. */
export interface FailureCount {
  readonly requests: number;
  readonly failures: number;
}

/** What was counted of a release. */
export interface Health extends FailureCount {
  /** Distinct clients, up to a cap. */
  readonly clients: number;
  readonly p99Ms: number;
}

export interface WatchRule {
  readonly requestsMin: number;
  /** By how much its share of failures may be above that of the release before. */
  readonly errorRateAbove: number;
}

export interface CanaryRule extends WatchRule {
  readonly clientsMin: number;
  readonly p99RatioMax: number;
}

/** `wait`: neither can be said yet. */
export type Verdict =
  | { readonly kind: "wait" }
  | { readonly kind: "worse"; readonly reason: string }
  | { readonly kind: "good" };

const wait: Verdict = { kind: "wait" };
const good: Verdict = { kind: "good" };

/** One in a hundred, one-sided. */
const zMin = 2.326;

/** Differences of the slowest requests below this are the machine's, not the release's. */
const p99SlackMs = 5;

/** Whether a release that was just committed fails more than the one before it did. Never `good`: time decides that. */
export function watchVerdict(now: FailureCount, before: FailureCount, rule: WatchRule): Verdict {
  if (now.requests < rule.requestsMin) return wait;
  const reason = excess(now, before, rule.errorRateAbove);
  return reason === undefined ? wait : { kind: "worse", reason };
}

/** Whether a canary may take over. `over`: its window has passed, so that it is promoted when nothing speaks against it. */
export function canaryVerdict(canary: Health, stable: Health, rule: CanaryRule, over: boolean): Verdict {
  if (canary.requests < rule.requestsMin || canary.clients < rule.clientsMin) return wait;
  const reason = excess(canary, stable, rule.errorRateAbove);
  if (reason !== undefined) return { kind: "worse", reason };
  if (!over) return wait;
  // Above the margin, but perhaps by chance: more requests will tell.
  if (rateOf(canary) - rateOf(stable) > rule.errorRateAbove) return wait;
  const slow = slowness(canary, stable, rule);
  return slow === undefined ? good : { kind: "worse", reason: slow };
}

function excess(one: FailureCount, other: FailureCount, margin: number): string | undefined {
  const [p1, p2] = [rateOf(one), rateOf(other)];
  const above = p1 - p2 - margin;
  if (above <= 0) return undefined;
  const deviation = Math.sqrt(varianceOf(one) + varianceOf(other));
  if (above < zMin * deviation) return undefined;
  return (
    `${percent(p1)} of ${one.requests} requests failed, ${percent(p2)} of ${other.requests} before; ` +
    `at most ${percent(margin)} more are allowed`
  );
}

function slowness(canary: Health, stable: Health, rule: CanaryRule): string | undefined {
  if (stable.requests < rule.requestsMin) return undefined;
  if (canary.p99Ms <= stable.p99Ms * rule.p99RatioMax + p99SlackMs) return undefined;
  return `its p99 is ${canary.p99Ms} ms, that of the running release ${stable.p99Ms} ms; at most ${rule.p99RatioMax} times as much is allowed`;
}

function rateOf({ requests, failures }: FailureCount): number {
  return requests === 0 ? 0 : failures / requests;
}

/**
 * Variance of a share. One failure and one success are added to what was counted (Agresti and Coull's correction,
 * halved): a share of none, or of all, would have no variance at all.
 */
function varianceOf({ requests, failures }: FailureCount): number {
  if (requests === 0) return 0;
  const share = (failures + 1) / (requests + 2);
  return (share * (1 - share)) / requests;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
