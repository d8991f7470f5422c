/** Turns what was thrown into an answer: the one table of HTTP statuses of the admin API. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { EmendError, type ErrorCode } from "../errors.ts";

const statusOf: Readonly<Partial<Record<ErrorCode, ContentfulStatusCode>>> = {
  "request.malformed": 400,
  "auth.token": 401,
  "auth.host": 403,
  "auth.origin": 403,
  "request.path": 404,
  "request.method": 405,
  "request.too-large": 413,
};

/**
 * `{"error":{"code":…,"message":…}}` with the status of the code. Anything that is no refusal is our own
 * failure: it is reported, and the answer says nothing about it.
 */
export function answerRefusal(c: Context, error: Error, report: (error: Error) => void): Response {
  const status = error instanceof EmendError ? statusOf[error.code] : undefined;
  if (!(error instanceof EmendError) || status === undefined) {
    report(error);
    return c.json(
      { error: { code: "internal", message: "the node failed to answer; its log says why" } },
      500,
    );
  }
  if (status === 401) c.header("www-authenticate", 'Bearer realm="emend"');
  return c.json({ error: { code: error.code, message: error.message } }, status);
}
