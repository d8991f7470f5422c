/** The directories that a route's guests find open: the release's files, a scratch of their own, the operator's mounts. */
import type { RouteConfig } from "../../config/index.ts";
import { createReadOnlyTree, createScratch, type Preopen } from "../../wasi/index.ts";
import { isResident, type SiteContent, type SiteFile } from "../content.ts";
import { readVerified } from "../read-verified.ts";

/** Makes the directories of each run; only the scratch is new every time. */
export function guestDirectories(
  { files, scratchBytes }: RouteConfig,
  content: SiteContent,
  mounts: readonly Preopen[],
): () => readonly Preopen[] {
  let shared: readonly Preopen[] | undefined;
  return () => {
    shared ??= files.length === 0 ? mounts : [releaseFiles(files, content), ...mounts];
    return scratchBytes === 0 ? shared : [...shared, scratch(scratchBytes)];
  };
}

function scratch(bytesMax: number): Preopen {
  return { name: "/tmp", directory: createScratch(bytesMax), readOnly: false };
}

function releaseFiles(globs: readonly string[], content: SiteContent): Preopen {
  const matchers = globs.map((glob) => new Bun.Glob(glob));
  const seen = [...content.files.values()].filter(({ path }) =>
    matchers.some((matcher) => matcher.match(path)),
  );
  const directory = createReadOnlyTree(
    seen.map((file) => ({ path: file.path, sizeBytes: file.size, content: () => bytesOf(file) })),
  );
  return { name: "/site", directory, readOnly: true };
}

function bytesOf(file: SiteFile): Promise<Uint8Array> {
  return isResident(file) ? file.blob.bytes() : readVerified(file);
}
