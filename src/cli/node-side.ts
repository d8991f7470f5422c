/**
 * What runs on a node as a side of a patch. Only what is needed is fetched, and everything that comes is held to a
 * digest: the list to the release's, each content to the list's. So a node that lies makes no patch; what it can do
 * is to name another release than it runs, and then refuse the patch.
 */
import { nodeStatusSchema, releaseFilesSchema } from "../admin/index.ts";
import { checkPaths, contentDigest, sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { fetchedFilesBytesMax } from "../limits.ts";
import type { ListedFile } from "../release/index.ts";
import type { NodeClient } from "./node-client.ts";
import { sitePath } from "./node-options.ts";
import type { PatchSide } from "./patch-side.ts";
import { printable } from "./printable.ts";

/** Requests at once: enough to hide the way there, few enough for a small device. */
const downloads = 6;

/** The site's running release. Throws NodeRefusal, `io`, `site.unknown`, and `patch.hash` for a list that is none of it. */
export async function openNodeSide(client: NodeClient, site: string): Promise<PatchSide> {
  const { sites } = await client.get("/v1/status", nodeStatusSchema);
  const status = sites.find((each) => each.site === site);
  if (status === undefined) {
    throw new EmendError("site.unknown", `${client.origin}: serves no site ${JSON.stringify(site)}`);
  }
  const { release, floor } = status;
  const { files } = await client.get(sitePath(site, `releases/${release}`), releaseFilesSchema);
  checkPaths(files.map(({ path }) => path));
  const found = contentDigest(files);
  if (found !== release) {
    throw new EmendError("patch.hash", `${client.origin}: its file list of ${release} is that of ${found}`);
  }
  const held = new Map<string, Uint8Array>();
  return {
    name: client.origin,
    digest: release,
    files,
    isLocal: false,
    floor,
    fetch: (contents, onProgress) =>
      fetchContents(client, site, contentsOf(files, contents), held, onProgress),
    read: (sha256) => held.get(sha256)!,
  };
}

/** Each content once. */
function contentsOf(files: readonly ListedFile[], wanted: ReadonlySet<string>): ListedFile[] {
  const once = new Map(files.filter(({ sha256 }) => wanted.has(sha256)).map((file) => [file.sha256, file]));
  return [...once.values()];
}

async function fetchContents(
  client: NodeClient,
  site: string,
  files: readonly ListedFile[],
  held: Map<string, Uint8Array>,
  onProgress: (share: number) => void,
): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > fetchedFilesBytesMax) {
    throw new EmendError(
      "patch.too-large",
      `${client.origin}: expected at most ${fetchedFilesBytesMax} bytes of changed files, found ${total}: ` +
        "make the patch from a directory or an executable",
    );
  }
  const waiting = [...files];
  let done = 0;
  const download = async (): Promise<void> => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      held.set(file.sha256, await fetchContent(client, site, file));
      done += file.size;
      onProgress(total === 0 ? 1 : done / total);
    }
  };
  await Promise.all(Array.from({ length: downloads }, download));
}

async function fetchContent(
  client: NodeClient,
  site: string,
  { path, size, sha256 }: ListedFile,
): Promise<Uint8Array> {
  const bytes = await client.download(sitePath(site, `blobs/${sha256}`), size);
  const found = sha256Hex(bytes);
  if (found === sha256) return bytes;
  throw new EmendError(
    "patch.hash",
    `${client.origin}: ${printable(path)}: expected SHA-256 ${sha256}, found ${found} (${bytes.length} of ${size} bytes)`,
  );
}
