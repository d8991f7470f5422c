/**
 * The share of failures among the last requests of a release, kept all the time: what the next release is compared
 * with. It looks at no clock; of every 16,384 requests half is forgotten, so it tells of the last 8,000 to 16,000.
 */

/** Requests, and how many of them failed by the release's fault. */
export interface FailureShare {
  readonly requests: number;
  readonly failures: number;
}

const requestsMax = 16_384;

export class RecentFailures implements FailureShare {
  requests = 0;
  failures = 0;

  add(failed: boolean): void {
    if (failed) this.failures++;
    if (++this.requests < requestsMax) return;
    this.requests /= 2;
    this.failures /= 2;
  }
}
