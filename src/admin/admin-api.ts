/**
 * The admin API. Every call passes the same guards in the same order: it is addressed to this node (Host), it
 * does not come from a foreign page (Origin), it carries the operator token, its body is small. There is no
 * trust in loopback: any page in the operator's browser, and any user of the machine, can reach it.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { methodNotAllowed } from "hono/method-not-allowed";
import { EmendError } from "../errors.ts";
import { adminBodyBytesMax } from "../limits.ts";
import { answerRefusal } from "./answer-refusal.ts";
import { healthPaths, healthRoutes } from "./health.ts";
import { hostGuard } from "./host-guard.ts";
import { noStore } from "./no-store.ts";
import { originGuard } from "./origin-guard.ts";
import { type NodeStatus, statusRoutes } from "./status.ts";
import { tokenGuard } from "./token-guard.ts";

/** What the admin API shows, and to whom. */
export interface AdminOptions {
  /** The operator token. */
  readonly token: string;
  /** Names, besides IP addresses and localhost, under which the listener is addressed (`admin_hosts`). */
  readonly hosts: readonly string[];
  readonly status: () => NodeStatus;
  /** Whether the node answers requests: no longer once it stops. */
  readonly ready: () => boolean;
  /** Told of errors that are ours. The caller of the API learns only that there was one. */
  readonly report: (error: Error) => void;
}

/** The admin API as a Hono app. */
export function createAdminApi({ token, hosts, status, ready, report }: AdminOptions): Hono {
  const app = new Hono();
  const answer = (c: Context, error: Error): Response => answerRefusal(c, error, report);
  app.onError((error, c) => answer(c, error));
  app.notFound((c) => answer(c, new EmendError("request.path", "no such path in the admin API")));

  app.use(noStore());
  app.use(hostGuard({ hosts }));
  app.use(originGuard());
  app.use(except([...healthPaths], tokenGuard({ token })));
  app.use(bodyLimit({ maxSize: adminBodyBytesMax, onError: (c) => answer(c, tooLarge()) }));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => answer(c, wrongMethod(c, methods)) }));

  app.route("/", healthRoutes({ ready }));
  app.route("/v1/status", statusRoutes({ status }));
  return app;
}

function tooLarge(): EmendError {
  return new EmendError("request.too-large", `expected a body of at most ${adminBodyBytesMax} bytes`);
}

function wrongMethod(c: Context, methods: readonly string[]): EmendError {
  c.header("allow", methods.join(", "));
  return new EmendError("request.method", `expected ${methods.join(" or ")}, got ${c.req.method}`);
}
