/** Turns what was thrown into an answer: the one table of HTTP statuses of the admin API. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as v from "valibot";
import { EmendError, type ErrorCode } from "../errors.ts";

/** What a call can be refused with, and the status that it then has. Codes that are missing are of the command line. */
export const statusOf: Readonly<Partial<Record<ErrorCode, ContentfulStatusCode>>> = {
  "request.malformed": 400,
  "auth.token": 401,
  "auth.role": 403,
  "auth.host": 403,
  "auth.origin": 403,
  "patch.signature": 403,
  "patch.unknown-key": 403,
  "patch.threshold": 403,
  "patch.wrong-site": 403,
  "patch.wrong-recipient": 403,
  "patch.expired": 403,
  "patch.replayed": 403,
  "patch.sequence": 403,
  "request.path": 404,
  "site.unknown": 404,
  "request.method": 405,
  "patch.wrong-base": 409,
  "release.unknown": 409,
  "release.changed": 409,
  "canary.none": 409,
  busy: 409,
  "request.too-large": 413,
  "patch.too-large": 413,
  "patch.truncated": 422,
  "patch.format": 422,
  "patch.path": 422,
  "patch.hash": 422,
  "delta.format": 422,
  "delta.truncated": 422,
  "delta.bounds": 422,
  "delta.bomb": 422,
  "delta.source-hash": 422,
  "delta.result-hash": 422,
  "delta.budget": 422,
  "module.invalid": 422,
  "module.import": 422,
  "module.limit": 422,
  "site.config": 422,
  "site.limit": 422,
  "guest.memory": 422,
  "probe.failed": 422,
  "release.bad": 422,
  // Of a reload: the directory or module that the operator named cannot be read.
  io: 422,
  "update.failed": 500,
  "store.full": 507,
  "store.failed": 507,
};

/** What is answered to a call that is refused or fails. */
export interface RefusalAnswer {
  readonly error: {
    /** A code, or `internal` for a failure of the node's own. */
    readonly code: string;
    readonly message: string;
  };
}

/** The schema of the answer: a newer node may add to it. */
export const refusalAnswerSchema: v.GenericSchema<unknown, RefusalAnswer> = v.object({
  error: v.object({ code: v.string(), message: v.string() }),
});

/**
 * `{"error":{"code":…,"message":…}}` with the status of the code. Anything that is no refusal is our own
 * failure: it is reported, and the answer says nothing about it.
 */
export function answerRefusal(c: Context, thrown: Error, report: (error: Error) => void): Response {
  const error = isClientGone(c, thrown) ? new EmendError("request.malformed", "the body broke off") : thrown;
  const status = error instanceof EmendError ? statusOf[error.code] : undefined;
  if (!(error instanceof EmendError) || status === undefined) {
    report(error);
    return c.json(refusalAnswer("internal", "the node failed to answer; its log says why"), 500);
  }
  if (status === 401) c.header("www-authenticate", 'Bearer realm="emend"');
  return c.json(refusalAnswer(error.code, error.message), status);
}

function refusalAnswer(code: string, message: string): RefusalAnswer {
  return { error: { code, message } };
}

/** Reading a body fails with this when its connection ends. Nobody is left to be answered. */
function isClientGone(c: Context, error: Error): boolean {
  return error.name === "AbortError" && c.req.raw.signal.aborted;
}
