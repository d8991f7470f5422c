/**
 * A call of the admin API as data: what it takes and answers, who may make it, and the function behind it. The routes,
 * the guards and the OpenAPI document are made of the same list, so none of them can be forgotten.
 */
import type { Context } from "hono";
import type * as v from "valibot";
import type { ErrorCode } from "../errors.ts";
import type { Principal, Role } from "../state/index.ts";

/** What the app knows of a request beside itself. */
export interface AdminEnv {
  /** Bun's server. Without one (in a test) connections have no idle limit that could be in the way. */
  Bindings: { readonly timeout?: (request: Request, seconds: number) => void };
  /** Set by the token guard, so not for the open calls. */
  Variables: { principal: Principal };
}

export type AdminContext = Context<AdminEnv>;

/** A request whose query and body have been checked. */
export interface AdminRequest<Query, Body> {
  readonly c: AdminContext;
  readonly query: Query;
  readonly body: Body;
}

/** What an answer of 200 holds: a JSON document of a schema, or something else of a media type. */
export type AnswerForm =
  | { readonly schema: v.GenericSchema }
  | { readonly mediaType: string; readonly description: string };

/**
 * Whom a call concerns. `open`: it needs no token. `site`: the site in its path, which has to be the token's. `own`: it
 * answers with what the token may see. `node`: the whole node, so no token of one site will do.
 */
export type Reach = "open" | "site" | "own" | "node";

/** What a call is made of. */
export interface EndpointOptions<Query, Body> {
  readonly method: "GET" | "POST";
  /** As Hono has it: `/v1/sites/:site/releases`. */
  readonly path: string;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  readonly reach: Reach;
  /** The least that the token has to be. */
  readonly role: Role;
  /** An object of texts; parameters that it does not know are refused. */
  readonly query: v.GenericSchema<unknown, Query>;
  /** Of a JSON body; `upload` is left to the call; null for none. */
  readonly body: v.GenericSchema<unknown, Body> | "upload" | null;
  readonly answer: AnswerForm;
  /** What it may be refused with, beside what any call may. */
  readonly codes: readonly ErrorCode[];
  readonly handle: (request: AdminRequest<Query, Body>) => Response | Promise<Response>;
}

/** A call whose types are its own business. */
export interface Endpoint extends Omit<EndpointOptions<unknown, unknown>, "handle"> {
  /** Takes a query and body that were parsed by the schemas beside it. */
  readonly handle: (request: AdminRequest<never, never>) => Response | Promise<Response>;
}

/** Keeps the types of a call's schemas and of its function together. */
export function endpoint<Query, Body>(options: EndpointOptions<Query, Body>): Endpoint {
  return options;
}
