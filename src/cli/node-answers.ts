/** What the commands expect of a node beside what the room of the admin API names itself. */
import * as v from "valibot";
import { type ReleaseFile, type ReleaseSummary, releaseSummarySchema } from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import { releaseFilesMax } from "../limits.ts";

const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));

/** `GET /v1/sites/:site/releases`, newest first. */
export const releasesSchema: v.GenericSchema<unknown, { readonly releases: readonly ReleaseSummary[] }> =
  v.object({ releases: v.array(releaseSummarySchema) });

/** `GET /v1/sites/:site/releases/:digest`. */
export const releaseFilesSchema: v.GenericSchema<unknown, { readonly files: readonly ReleaseFile[] }> =
  v.object({
    files: v.pipe(
      v.array(
        v.object({
          path: v.string(),
          size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
          sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
        }),
      ),
      v.maxLength(releaseFilesMax),
    ),
  });

/** `POST /_reload`. */
export const reloadSchema: v.GenericSchema<
  unknown,
  { readonly status: "reloaded"; readonly checksum: string }
> = v.object({ status: v.literal("reloaded"), checksum: digest });

/** What every event has; the others of its fields are shown as they come, since a later node may know more kinds. */
export type ShownEvent = {
  readonly id: number;
  readonly at: string;
  readonly site: string;
  readonly event: string;
  readonly [field: string]: unknown;
};

const shownEvent = v.looseObject({
  id: v.pipe(v.number(), v.safeInteger()),
  at: v.string(),
  site: v.string(),
  event: v.string(),
});

/** The event in a message of the stream. @throws EmendError `io` */
export function shownEventOf(json: string): ShownEvent {
  const parsed = v.safeParse(shownEvent, parseJson(json));
  if (parsed.success) return parsed.output;
  throw new EmendError("io", "expected an event of an emend node, found something else");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
