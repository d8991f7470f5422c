/** Tells the operator's endpoint about a verdict: JSON with a `text`, as chat services take it. */
import { messageOf } from "../errors.ts";
import { webhookAnswerMs, webhookDelaysMs } from "../limits.ts";

/** What is sent. `text` is one sentence for people. */
export interface WebhookBody {
  readonly text: string;
  readonly site: string;
  readonly event: "canary-promoted" | "canary-aborted" | "rolled-back";
  /** Content digests, `sha256:…`. */
  readonly release: string;
  readonly running: string;
  readonly reason: string;
}

export interface WebhookOptions {
  readonly url: string;
  /** Told when nobody took it after all. */
  readonly report: (message: string) => void;
  readonly delaysMs?: readonly number[];
  readonly signal?: AbortSignal;
}

/** Sends it, some times over when that fails. Never rejects: what became of a release does not hang on who hears of it. */
export async function callWebhook(body: WebhookBody, options: WebhookOptions): Promise<void> {
  const { url, report, delaysMs = webhookDelaysMs, signal } = options;
  let failure = "";
  for (const delayMs of [0, ...delaysMs]) {
    if (delayMs > 0) await sleep(delayMs, signal);
    if (signal?.aborted) return;
    try {
      return await send(url, body, signal);
    } catch (error) {
      failure = messageOf(error);
    }
  }
  report(`the webhook of site ${body.site} was not reached, ${failure}: ${body.text}`);
}

async function send(url: string, body: WebhookBody, signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(webhookAnswerMs);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    // Whoever answers there must not be able to send the node somewhere else.
    redirect: "error",
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    signal?.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      resolve();
    }
  });
}
