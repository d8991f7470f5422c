/** The releases that a node holds, for people and for `emend patch --from URL`. */
import * as v from "valibot";
import type { NodeControl, ReleaseFile } from "./control.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { count, digest, sha256 } from "./field.ts";
import { noQuery, parseDigest } from "./request-input.ts";
import { siteInPath } from "./site-in-path.ts";
import { type ReleaseSummary, releaseSummarySchema } from "./site-update-status.ts";

/** What `GET /v1/sites/:site/releases` answers: newest first. */
export interface ReleaseHistory {
  readonly site: string;
  readonly releases: readonly ReleaseSummary[];
}

/** What `GET /v1/sites/:site/releases/:digest` answers. */
export interface ReleaseFiles {
  readonly site: string;
  readonly release: string;
  readonly files: readonly ReleaseFile[];
}

export const releaseHistorySchema: v.GenericSchema<unknown, ReleaseHistory> = v.strictObject({
  site: v.string(),
  releases: v.array(releaseSummarySchema),
});

export const releaseFilesSchema: v.GenericSchema<unknown, ReleaseFiles> = v.strictObject({
  site: v.string(),
  release: digest,
  files: v.array(v.strictObject({ path: v.string(), size: count, sha256 })),
});

const reading = { method: "GET", reach: "site", role: "read", query: noQuery, body: null } as const;

/** History; one file list; one file by its content. */
export function releaseEndpoints(control: NodeControl): Endpoint[] {
  return [
    endpoint({
      ...reading,
      path: "/v1/sites/:site/releases",
      summary: "The releases that are kept, newest first.",
      answer: { schema: releaseHistorySchema },
      codes: [],
      handle: ({ c }) => {
        const site = siteInPath(control, c);
        const history: ReleaseHistory = { site: site.site, releases: site.releases() };
        return c.json(history);
      },
    }),
    endpoint({
      ...reading,
      path: "/v1/sites/:site/releases/:digest",
      summary: "The files of a kept release.",
      answer: { schema: releaseFilesSchema },
      codes: ["release.unknown"],
      handle: async ({ c }) => {
        const site = siteInPath(control, c);
        const release = `sha256:${parseDigest(c.req.param("digest"))}`;
        const list: ReleaseFiles = { site: site.site, release, files: await site.files(release) };
        return c.json(list);
      },
    }),
    endpoint({
      ...reading,
      path: "/v1/sites/:site/blobs/:sha256",
      summary: "A file of a kept release, by the SHA-256 of its content.",
      answer: { mediaType: "application/octet-stream", description: "The bytes of the file." },
      codes: ["release.unknown"],
      handle: async ({ c }) => {
        const blob = await siteInPath(control, c).blob(parseDigest(c.req.param("sha256")));
        // Never shown as a page: what a site publishes has no business on this origin.
        const headers = {
          "content-type": "application/octet-stream",
          "content-disposition": "attachment",
        };
        return new Response(blob, { headers });
      },
    }),
  ];
}
