/**
 * What stands between a site and whoever asks: its rates, how much of it is in progress at once, and the places that
 * its routes share. It belongs to the site and not to a release, so a new release does not open a second set of doors;
 * breakers and lines belong to the routes of a release.
 *
 * Nothing here allocates or asks for the time while there is room and no rate.
 */
import type { RouteConfig, SiteLimits } from "../../config/index.ts";
import type { Logger } from "../../log/index.ts";
import type { Call } from "../call.ts";
import { ClientBuckets } from "./client-buckets.ts";
import { Places } from "./places.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { RouteAdmission } from "./route-admission.ts";
import { Tally, type TallyStatus } from "./tally.ts";
import { TokenBucket } from "./token-bucket.ts";

/** More never come together: a trial asks each route six times a window, and ends with the first that fails. */
const probesWaitingMax = 16;

/** What `/v1/status` tells of a site. */
export interface SiteAdmissionStatus extends TallyStatus {
  readonly inProgress: number;
  /** Requests that hold a guest, and that wait for one. */
  readonly holding: number;
  readonly waiting: number;
}

export class SiteAdmission {
  readonly tally: Tally = new Tally();
  readonly #site: string;
  readonly #requestsMax: number;
  readonly #logger: Logger;
  readonly #places: Places;
  readonly #bucket: TokenBucket | undefined;
  readonly #clients: ClientBuckets | undefined;
  #inProgress = 0;

  constructor(site: string, limits: SiteLimits, logger: Logger) {
    this.#requestsMax = limits.requestsMax;
    this.#site = site;
    this.#logger = logger;
    this.#places = new Places(limits);
    this.#bucket = limits.ratePerSecond > 0 ? new TokenBucket(limits.ratePerSecond) : undefined;
    this.#clients = limits.ratePerClient > 0 ? new ClientBuckets(limits.ratePerClient) : undefined;
  }

  /** A request comes: undefined lets it in, and whoever called says `end` once. */
  begin(call: Call): Refusal | undefined {
    const refused = this.#overRate(call);
    if (refused !== undefined) {
      this.tally.rateLimited++;
      return refused;
    }
    if (this.#inProgress >= this.#requestsMax) {
      this.tally.shed++;
      return refusal(503, `${this.#inProgress} requests of the site are in progress`, 0);
    }
    this.#inProgress++;
    return undefined;
  }

  /** A request is over, its body included. */
  end(): void {
    this.#inProgress--;
  }

  /** What lets requests to the guest of a route of a release. */
  route(config: RouteConfig): RouteAdmission {
    return new RouteAdmission({
      config,
      places: this.#places,
      siteTally: this.tally,
      breakerChanged: (change) =>
        this.#logger.log({ event: "breaker", site: this.#site, route: config.path, ...change }),
    });
  }

  /**
   * What lets emend's own requests to a guest: nobody has to wait for them. They wait for each other, since those of a
   * trial that is over may still go on when the next one begins.
   */
  probe(config: RouteConfig): RouteAdmission {
    return new RouteAdmission({
      config,
      places: new Places({ connectionsMax: 1, pendingMax: probesWaitingMax }),
      siteTally: new Tally(),
      breakerChanged: () => undefined,
    });
  }

  get status(): SiteAdmissionStatus {
    return {
      ...this.tally.status,
      inProgress: this.#inProgress,
      holding: this.#places.held,
      waiting: this.#places.waiting,
    };
  }

  /** The client's rate first: who is over it must not use up what the site has for others. */
  #overRate(call: Call): Refusal | undefined {
    const clientWaitMs = this.#clients?.take(call.address(), call.startedMs) ?? 0;
    if (clientWaitMs > 0) return refusal(429, "over the rate of one client", clientWaitMs);
    const waitMs = this.#bucket?.take(call.startedMs) ?? 0;
    return waitMs > 0 ? refusal(429, "over the rate of the site", waitMs) : undefined;
  }
}
