/**
 * A release on its way through a lane. Only its lane changes its state:
 *
 * ```
 *  ready ──► answering ◄──► standing (by: it may come back at once)
 *    │ ▲         ▲             │
 *    ▼ │         │             ▼
 *   trial ───────┘         discarded (what is under way still ends on it)
 * ```
 */
import { type FailureShare, type Health, ReleaseHealth, type SiteApp } from "../http/index.ts";
import type { ModuleLease } from "./module-lease.ts";

export type PreparedState = "ready" | "answering" | "trial" | "standing" | "discarded";

export class Prepared {
  readonly site: string;
  readonly app: SiteApp;
  readonly modules: ModuleLease;
  state: PreparedState = "ready";
  readonly #health = new ReleaseHealth();

  constructor(site: string, app: SiteApp, modules: ModuleLease) {
    this.site = site;
    this.app = app;
    this.modules = modules;
  }

  /** The content digest. */
  get release(): string {
    return this.app.content.digest;
  }

  /** What was counted while it was observed or on trial, since it was committed, tried or set back. */
  health(): Health {
    return this.#health.status;
  }

  resetHealth(): void {
    this.#health.reset();
  }

  /** Of the last 8,000 to 16,000 requests, whoever watched: what a release that takes its place is compared with. */
  recentFailures(): FailureShare {
    const { requests, failures } = this.app.recent;
    return { requests, failures };
  }

  /** Counts from now on, and tells; or, with undefined, does neither. */
  observe(changed: (() => void) | undefined): void {
    this.#health.changed = changed;
    this.app.health = changed === undefined ? undefined : this.#health;
  }
}
