/** Paths inside a release, as release-and-patch ("Identity") has them; the author names them in site.toml. */
import { pathBytesMax } from "../limits.ts";

/** What a path should have been to name a module, or undefined when it is fine. */
export function checkModulePath(path: string): string | undefined {
  return checkReleasePath(path) ?? (/[^/]\.wasm$/.test(path) ? undefined : 'a path that ends in ".wasm"');
}

/** What a path should have been to enter a release, or undefined when it is fine. */
export function checkReleasePath(path: string): string | undefined {
  if (path === "") return "a path, not an empty text";
  if (!path.isWellFormed() || /\p{Cc}/u.test(path)) return "a path without control characters";
  if (Buffer.byteLength(path) > pathBytesMax) return `a path of at most ${pathBytesMax} bytes of UTF-8`;
  if (path.startsWith("/")) return "a path relative to the site's directory";
  if (path.includes("\\")) return 'a path with "/" between segments and no backslash';
  if (path !== path.normalize("NFC")) return "a path in Unicode normal form C";
  for (const segment of path.split("/")) {
    if (segment === "") return "a path without empty segments";
    if (segment === "." || segment === "..")
      return `a path below the site's directory, without the segment ${segment}`;
    if (segment.startsWith(".") && segment !== ".well-known")
      return "a path without dotfiles, which enter no release";
  }
  return undefined;
}
