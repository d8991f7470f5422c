/** `POST /_reload`: for a node that serves a directory or one module, which are then read again. */
import * as v from "valibot";
import type { NodeControl } from "./control.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { digest } from "./field.ts";
import { noQuery } from "./request-input.ts";

/** What the call answers. */
export interface ReloadResult {
  readonly status: "reloaded";
  /** SHA-256 of the module, or the content digest of the site when no module was named. */
  readonly checksum: string;
}

export const reloadResultSchema: v.GenericSchema<unknown, ReloadResult> = v.strictObject({
  status: v.literal("reloaded"),
  checksum: digest,
});

/** The call. It reads what lies on the node's disk, unsigned: for the operator alone. */
export function reloadEndpoint(control: NodeControl): Endpoint {
  return endpoint({
    method: "POST",
    path: "/_reload",
    summary: "Read a module, or all of the served directory, again and swap it in.",
    reach: "node",
    role: "operator",
    query: noQuery,
    body: v.strictObject({ module: v.nullish(v.pipe(v.string(), v.nonEmpty()), null) }),
    answer: { schema: reloadResultSchema },
    codes: [
      "io",
      "release.changed",
      "patch.path",
      "module.invalid",
      "module.import",
      "module.limit",
      "site.config",
      "site.limit",
      "probe.failed",
      "busy",
    ],
    handle: async ({ c, body: { module } }) => {
      const { checksum } = await control.reload(module, { actor: c.get("principal").name });
      const result: ReloadResult = { status: "reloaded", checksum };
      return c.json(result);
    },
  });
}
