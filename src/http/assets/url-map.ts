/**
 * From a request's path to what answers it: a lookup in a map that is made from the release's own names. No path
 * is ever joined, resolved or handed to the file system, so there is nothing to escape from.
 */
import type { Pace } from "../pace.ts";

/** `directory` is asked for without its slash and is named with one at `location`, already encoded. */
export type Target<File> =
  | { readonly kind: "file"; readonly file: File }
  | { readonly kind: "directory"; readonly location: string };

/** Targets by decoded path, which begins with a slash. */
export type UrlMap<File> = ReadonlyMap<string, Target<File>>;

/**
 * The URLs of files by their names inside the assets directory. `a/index.html` is also `/a/`, with a redirect from
 * `/a`; `a.html` is also `/a`. A file's own name wins over a page without its extension, that over a directory.
 */
export async function mapUrls<File>(files: ReadonlyMap<string, File>, pace: Pace): Promise<UrlMap<File>> {
  const urls = new Map<string, Target<File>>();
  const addMissing = (url: string, target: Target<File>) => {
    if (!urls.has(url)) urls.set(url, target);
  };
  for (const [name, file] of files) {
    urls.set(`/${name}`, { kind: "file", file });
    await pace.step();
  }
  for (const [name, file] of files) {
    await pace.step();
    if (!name.endsWith(".html")) continue;
    if (isIndex(name)) addMissing(`/${name.slice(0, -"index.html".length)}`, { kind: "file", file });
    addMissing(`/${name.slice(0, -".html".length)}`, { kind: "file", file });
  }
  for (const name of files.keys()) {
    await pace.step();
    if (!isIndex(name) || name === "index.html") continue;
    const directory = name.slice(0, -"/index.html".length);
    addMissing(`/${directory}`, { kind: "directory", location: `${encodePath(directory)}/` });
  }
  return urls;
}

/**
 * Finds what a raw, still percent-encoded path names; `"malformed"` when its encoding is broken. An encoded slash
 * is no separator and no file name contains one. Names are NFC in a release; some clients send NFD.
 */
export function findTarget<File>(
  urls: UrlMap<File>,
  rawPath: string,
): Target<File> | "malformed" | undefined {
  const direct = rawPath.includes("%") ? undefined : urls.get(rawPath);
  if (direct !== undefined) return direct;
  let path: string;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    return "malformed";
  }
  if (/%2f/i.test(rawPath)) return undefined;
  return urls.get(path) ?? urls.get(path.normalize("NFC"));
}

function isIndex(name: string): boolean {
  return name === "index.html" || name.endsWith("/index.html");
}

/** The first segment of a name is not empty, so the result is never taken for `//host`. */
function encodePath(name: string): string {
  return `/${name.split("/").map(encodeURIComponent).join("/")}`;
}
