/** What an update tells the world: events, the log, the audit, the operator's webhook. It never fails an update. */
import { EmendError, messageOf } from "../errors.ts";
import type { EventHub, NodeEventBody } from "../events/index.ts";
import type { Logger } from "../log/index.ts";
import type { AuditEntry } from "../store/index.ts";
import type { Clock } from "./clock.ts";
import { callWebhook, type WebhookBody } from "./webhook.ts";

export interface NoticesOptions {
  readonly site: string;
  readonly events: EventHub;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly audit: (entry: AuditEntry) => Promise<void>;
  readonly webhook: string | undefined;
}

/** What the audit says of an operation, filled in as it becomes known. */
export interface About {
  release: string | null;
  detail: string | null;
}

export class Notices implements Disposable {
  readonly #options: NoticesOptions;
  readonly #ended = new AbortController();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  publish(event: NodeEventBody): void {
    this.#options.events.publish(event);
  }

  /** Another release answers. */
  changed(from: string, to: string, sequence: number, generation: number): void {
    const { logger, site } = this.#options;
    logger.log({ event: "release", site, from, to, sequence, generation });
  }

  problem(error: unknown, what: string): void {
    const { logger, site } = this.#options;
    const code = error instanceof EmendError ? error.code : "internal";
    logger.log({ event: "problem", level: "error", code, message: `${what}: ${messageOf(error)}`, site });
  }

  /** Runs an operation and writes down who did it and what came of it. What is refused is an event as well. */
  async audited<T>(action: string, actor: string, operation: (about: About) => Promise<T>): Promise<T> {
    const about: About = { release: null, detail: null };
    try {
      const result = await operation(about);
      this.#audit(action, actor, "ok", about);
      return result;
    } catch (error) {
      const code = error instanceof EmendError ? error.code : "internal";
      about.detail = messageOf(error);
      this.#audit(action, actor, code, about);
      const { site } = this.#options;
      this.publish({ event: "refused", site, code, message: messageOf(error), actor });
      throw error;
    }
  }

  /** Tells the operator's endpoint, in its own time. */
  async tell(body: Omit<WebhookBody, "site">): Promise<void> {
    const { webhook, site, logger } = this.#options;
    if (webhook === undefined) return;
    const report = (message: string): void =>
      logger.log({ event: "problem", level: "warning", code: "webhook", message, site });
    await callWebhook({ site, ...body }, { url: webhook, report, signal: this.#ended.signal });
  }

  /** Nobody is told any more. */
  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  #audit(action: string, actor: string, verdict: string, about: About): void {
    const { audit, clock, site } = this.#options;
    audit({ atMs: clock.nowMs(), actor, site, action, verdict, ...about }).catch((error: unknown) =>
      this.problem(error, `the audit entry for ${action} by ${actor} was not written`),
    );
  }
}
