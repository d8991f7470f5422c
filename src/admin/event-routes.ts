/** `GET /v1/events`: what happens, as it happens. */
import * as v from "valibot";
import { EmendError } from "../errors.ts";
import { eventStreamsMax } from "../limits.ts";
import type { Principal } from "../state/index.ts";
import type { NodeControl } from "./control.ts";
import { type AdminContext, type Endpoint, endpoint } from "./endpoint.ts";
import { eventStream } from "./event-stream.ts";
import { siteInReach } from "./role-guard.ts";
import { existingSite } from "./site-in-path.ts";
import { bearerToken } from "./token-guard.ts";

/** Whose events, and for whom. */
export interface EventOptions {
  readonly control: NodeControl;
  readonly authenticate: (token: string) => Principal | undefined;
}

/** The call. Each node has a bounded number of streams. */
export function eventEndpoint({ control, authenticate }: EventOptions): Endpoint {
  let streams = 0;
  return endpoint({
    method: "GET",
    path: "/v1/events",
    summary: "Server-sent events of a site (?site=) or of the node; Last-Event-ID brings what was missed.",
    reach: "own",
    role: "read",
    query: v.strictObject({ site: v.optional(v.string()) }),
    body: null,
    answer: { mediaType: "text/event-stream", description: "Events whose data is a NodeEvent each." },
    codes: ["site.unknown", "busy"],
    handle: ({ c, query }) => {
      const site = siteInReach(c.get("principal"), query.site);
      if (site !== null) existingSite(control, site);
      const lastId = lastEventId(c);
      const headers = { "content-type": "text/event-stream" };
      // Nobody would ever read the stream, nor end it.
      if (c.req.raw.method === "HEAD") return new Response(null, { headers });
      if (streams >= eventStreamsMax)
        throw new EmendError("busy", `${eventStreamsMax} event streams are open: no more at once`);
      streams++;
      // It is silent for longer than a connection may be.
      c.env.timeout?.(c.req.raw, 0);
      const body = eventStream({
        events: control.events,
        selection: { site },
        lastId,
        mayGoOn: () => isSame(authenticate(bearerToken(c.req.raw) ?? ""), c.get("principal")),
        onEnd: () => {
          streams--;
        },
      });
      return new Response(body, { headers });
    },
  });
}

function lastEventId(c: AdminContext): number | null {
  const text = c.req.header("last-event-id");
  if (text === undefined || text === "") return null;
  if (/^\d{1,16}$/.test(text)) return Number(text);
  throw new EmendError("request.malformed", "expected the id of an event in Last-Event-ID");
}

function isSame(now: Principal | undefined, before: Principal): boolean {
  return now !== undefined && now.name === before.name && now.site === before.site;
}
