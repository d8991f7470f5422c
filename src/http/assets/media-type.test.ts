import { expect, test } from "bun:test";
import { isCompressible, mediaTypeOf } from "./media-type.ts";

const cases: readonly [name: string, type: string, compressible: boolean][] = [
  ["index.html", "text/html; charset=utf-8", true],
  ["a.css", "text/css; charset=utf-8", true],
  ["a.js", "text/javascript; charset=utf-8", true],
  ["a.mjs", "text/javascript; charset=utf-8", true],
  ["a.txt", "text/plain; charset=utf-8", true],
  ["README.MD", "text/markdown; charset=utf-8", true],
  ["a.csv", "text/csv; charset=utf-8", true],
  ["a.vtt", "text/vtt; charset=utf-8", true],
  ["a.json", "application/json", true],
  ["a.js.map", "application/json", true],
  ["site.webmanifest", "application/manifest+json", true],
  ["a.xml", "application/xml; charset=utf-8", true],
  ["a.yaml", "application/yaml", true],
  ["a.wasm", "application/wasm", true],
  ["a.svg", "image/svg+xml; charset=utf-8", true],
  ["favicon.ico", "image/x-icon", true],
  ["a.ttf", "font/ttf", true],
  ["a.woff2", "font/woff2", false],
  ["a.webp", "image/webp", false],
  ["a.avif", "image/avif", false],
  ["a.JPG", "image/jpeg", false],
  ["a.pdf", "application/pdf", false],
  ["a.mp4", "video/mp4", false],
  ["a.flac", "audio/flac", false],
  ["a.tar.gz", "application/gzip", false],
  ["a.zst", "application/zstd", false],
  ["a.unheard", "application/octet-stream", false],
  ["LICENSE", "application/octet-stream", false],
  ["html", "application/octet-stream", false],
  ["a.js/b", "application/octet-stream", false],
  ["a.constructor", "application/octet-stream", false],
];
test.each(cases)("mediaTypeOf %p is %p, compressible %p", (name, type, compressible) => {
  expect([mediaTypeOf(name), isCompressible(mediaTypeOf(name))]).toEqual([type, compressible]);
});
