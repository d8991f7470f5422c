/** `POST /v1/sites/:site/patches`: a signed patch becomes the next release. */
import * as v from "valibot";
import { EmendError } from "../errors.ts";
import type { ApplyOptions, NodeControl } from "./control.ts";
import { type AdminContext, type Endpoint, endpoint } from "./endpoint.ts";
import { flag } from "./request-input.ts";
import { requireRole } from "./role-guard.ts";
import { siteInPath } from "./site-in-path.ts";
import { updateResultSchema } from "./update-result.ts";
import { tooLarge, uploadBody } from "./upload-body.ts";

/** Where patches go, and how long they may be. */
export interface PatchOptions {
  readonly control: NodeControl;
  readonly patchBytesMax: number;
}

/** The path of uploads: their bodies have a limit of their own. */
export const patchesPath = "/v1/sites/:site/patches";

interface PatchQuery {
  readonly "dry-run": boolean;
  readonly canary: ApplyOptions["canaryPercent"];
  readonly insist: boolean;
}

const percentMessage = "expected a percentage from 0.1 to 99, or nothing for the site's own";

const canary: v.GenericSchema<unknown, ApplyOptions["canaryPercent"]> = v.nullish(
  v.union(
    [
      v.pipe(
        v.literal(""),
        v.transform(() => "default" as const),
      ),
      v.pipe(
        v.string(),
        v.regex(/^\d{1,2}(\.\d{1,3})?$/, percentMessage),
        v.transform(Number),
        v.minValue(0.1, percentMessage),
      ),
    ],
    percentMessage,
  ),
  null,
);

const query: v.GenericSchema<unknown, PatchQuery> = v.strictObject({
  "dry-run": flag,
  canary,
  insist: flag,
});

/** The upload. Token, role and length are looked at before a byte of the body is. */
export function patchEndpoint({ control, patchBytesMax }: PatchOptions): Endpoint {
  return endpoint({
    method: "POST",
    path: patchesPath,
    summary: "Apply a signed patch; ?dry-run=1 only checks it, ?canary=5 tries it on a part of the clients.",
    reach: "site",
    role: "publish",
    query,
    body: "upload",
    answer: { schema: updateResultSchema },
    codes: updateCodes,
    handle: async ({ c, query: { "dry-run": dryRun, canary: canaryPercent, insist } }) => {
      const principal = c.get("principal");
      if (insist) requireRole(principal, "operator");
      const site = siteInPath(control, c);
      const bytes = announcedBytes(c);
      if (bytes !== null && bytes > patchBytesMax) throw tooLarge(patchBytesMax);
      const body = uploadBody(c.req.raw.body, { bytesMax: patchBytesMax });
      try {
        const options = { dryRun, canaryPercent, insist, actor: principal.name };
        return c.json(await site.apply({ body: body.stream, bytes }, options));
      } finally {
        body.stop();
      }
    },
  });
}

/** What the client said about the length; null when it did not. */
function announcedBytes(c: AdminContext): number | null {
  const { headers } = c.req.raw;
  const length = headers.get("content-length");
  if (length === null || headers.has("transfer-encoding")) return null;
  if (/^\d{1,20}$/.test(length)) return Number(length);
  throw new EmendError("request.malformed", "expected a Content-Length of digits");
}

/** What an update may be refused with: in the order of the checks, as release-and-patch has them. */
const updateCodes = [
  ...["patch.too-large", "patch.truncated", "patch.format", "patch.signature", "patch.unknown-key"],
  ...["patch.threshold", "patch.path", "patch.hash", "patch.wrong-site", "patch.wrong-recipient"],
  ...["patch.expired", "patch.replayed", "patch.sequence", "patch.wrong-base", "release.bad", "busy"],
  ...["delta.format", "delta.truncated", "delta.bounds", "delta.bomb", "delta.source-hash"],
  ...["delta.result-hash", "delta.budget", "module.invalid", "module.import", "module.limit", "site.config"],
  ...["site.limit", "guest.memory", "probe.failed", "store.full", "store.failed"],
] as const;
