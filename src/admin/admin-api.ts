/**
 * The admin API. Every call passes the same guards in the same order: it is addressed to this node (Host), it does not
 * come from a foreign page (Origin), it carries a token, its body is small, the token may make it. There is no trust
 * in loopback: any page in the operator's browser, and any user of the machine, can reach it.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { methodNotAllowed } from "hono/method-not-allowed";
import { TrieRouter } from "hono/router/trie-router";
import { EmendError } from "../errors.ts";
import { adminBodyBytesMax } from "../limits.ts";
import type { Principal } from "../state/index.ts";
import { answerRefusal } from "./answer-refusal.ts";
import { auditEndpoint } from "./audit.ts";
import type { NodeControl } from "./control.ts";
import type { AdminEnv, Endpoint } from "./endpoint.ts";
import { eventEndpoint } from "./event-routes.ts";
import { healthEndpoints } from "./health.ts";
import { hostGuard } from "./host-guard.ts";
import { keepOpen } from "./keep-open.ts";
import { metricsEndpoint } from "./metrics.ts";
import { noStore } from "./no-store.ts";
import { openApiEndpoint } from "./openapi.ts";
import { originGuard } from "./origin-guard.ts";
import { patchEndpoint, patchesPath } from "./patches.ts";
import { releaseEndpoints } from "./releases.ts";
import { reloadEndpoint } from "./reload.ts";
import { parseBody, parseQuery } from "./request-input.ts";
import { roleGuard } from "./role-guard.ts";
import { statusEndpoint } from "./status.ts";
import { tokenGuard } from "./token-guard.ts";
import { verdictEndpoints } from "./verdicts.ts";

/** What the admin API shows, and to whom. */
export interface AdminOptions {
  readonly version: string;
  readonly control: NodeControl;
  /** Whose token it is; undefined when it is nobody's. */
  readonly authenticate: (token: string) => Principal | undefined;
  /** Names, besides IP addresses and localhost, under which the listener is addressed (`admin_hosts`). */
  readonly hosts: readonly string[];
  /** Longest upload (`patch_max`), bytes. The server behind it must take as much. */
  readonly patchBytesMax: number;
  /** Whether the node answers requests: no longer once it stops. */
  readonly ready: () => boolean;
  /** Told of errors that are ours. The caller of the API learns only that there was one. */
  readonly report: (error: Error) => void;
}

/** The admin API as a Hono app. Its `fetch` takes Bun's server as its second argument. */
export function createAdminApi(options: AdminOptions): Hono<AdminEnv> {
  const { authenticate, hosts, report } = options;
  // Its default compiles all paths with the first request: 4 ms that other requests would wait, for calls that are rare.
  const app = new Hono<AdminEnv>({ router: new TrieRouter() });
  const answer = (c: Context, error: Error): Response => answerRefusal(c, error, report);
  app.onError((error, c) => answer(c, error));
  app.notFound((c) => answer(c, new EmendError("request.path", "no such path in the admin API")));

  const endpoints = adminEndpoints(options);
  const openPaths = endpoints.filter(({ reach }) => reach === "open").map(({ path }) => path);
  app.use(noStore());
  app.use(hostGuard({ hosts }));
  app.use(originGuard());
  app.use(except(openPaths, tokenGuard({ authenticate })));
  const smallBody = bodyLimit({ maxSize: adminBodyBytesMax, onError: (c) => answer(c, tooLarge()) });
  app.use(except(patchesPath, smallBody));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => answer(c, wrongMethod(c, methods)) }));

  for (const each of endpoints) mount(app, each);
  return app;
}

/** Every call of the API. */
export function adminEndpoints(options: AdminOptions): readonly Endpoint[] {
  const { control, authenticate, patchBytesMax, version, ready } = options;
  const endpoints: Endpoint[] = [
    ...healthEndpoints({ ready }),
    statusEndpoint(control),
    ...releaseEndpoints(control),
    patchEndpoint({ control, patchBytesMax }),
    ...verdictEndpoints(control),
    eventEndpoint({ control, authenticate }),
    auditEndpoint(control),
    reloadEndpoint(control),
    metricsEndpoint(control),
    openApiEndpoint(version, () => endpoints),
  ];
  return endpoints;
}

/** Adds a call with its guards. */
function mount(app: Hono<AdminEnv>, { method, path, reach, role, query, body, handle }: Endpoint): void {
  if (reach !== "open") app.on(method, path, roleGuard({ reach, role }));
  app.on(method, path, async (c) => {
    const parsed = {
      query: parseQuery(c, query),
      body: body === null || body === "upload" ? undefined : await parseBody(c, body),
    };
    // What the schemas of a call put out is what its function takes: `endpoint` has seen to it.
    const call = (): Response | Promise<Response> =>
      handle({ c, query: parsed.query as never, body: parsed.body as never });
    return method === "POST" ? keepOpen(c, call) : call();
  });
}

function tooLarge(): EmendError {
  return new EmendError("request.too-large", `expected a body of at most ${adminBodyBytesMax} bytes`);
}

function wrongMethod(c: Context, methods: readonly string[]): EmendError {
  c.header("allow", methods.join(", "));
  return new EmendError("request.method", `expected ${methods.join(" or ")}, got ${c.req.method}`);
}
