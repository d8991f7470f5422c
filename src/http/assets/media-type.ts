/**
 * Content-Type by file name. Hono's table has what browsers load; what people also put on a site is added here.
 * The complete registers on npm cost more at start than the first answer of emend does (RATIONALE).
 */
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/utils/compress";
import { getMimeType, mimes } from "hono/utils/mime";

const office = "application/vnd.openxmlformats-officedocument";
const openDocument = "application/vnd.oasis.opendocument";

/** IANA's names where there is one, else those of mime-db. */
const furtherTypes: Readonly<Record<string, string>> = {
  "7z": "application/x-7z-compressed",
  apk: "application/vnd.android.package-archive",
  apng: "image/apng",
  atom: "application/atom+xml; charset=utf-8",
  br: "application/x-brotli",
  bz2: "application/x-bzip2",
  cjs: "text/javascript; charset=utf-8",
  cur: "image/x-icon",
  deb: "application/vnd.debian.binary-package",
  doc: "application/msword",
  docx: `${office}.wordprocessingml.document`,
  flac: "audio/flac",
  geojson: "application/geo+json",
  heic: "image/heic",
  heif: "image/heif",
  jxl: "image/jxl",
  log: "text/plain; charset=utf-8",
  m3u8: "application/vnd.apple.mpegurl",
  m4a: "audio/mp4",
  m4v: "video/mp4",
  markdown: "text/markdown; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  mkv: "video/matroska",
  mov: "video/quicktime",
  mpd: "application/dash+xml",
  odp: `${openDocument}.presentation`,
  ods: `${openDocument}.spreadsheet`,
  odt: `${openDocument}.text`,
  ogg: "audio/ogg",
  pptx: `${office}.presentationml.presentation`,
  rss: "application/rss+xml; charset=utf-8",
  tar: "application/x-tar",
  tgz: "application/gzip",
  toml: "application/toml",
  tsv: "text/tab-separated-values; charset=utf-8",
  ttc: "font/collection",
  vcf: "text/vcard; charset=utf-8",
  vtt: "text/vtt; charset=utf-8",
  wav: "audio/wav",
  xlsx: `${office}.spreadsheetml.sheet`,
  xsl: "application/xslt+xml; charset=utf-8",
  xz: "application/x-xz",
  yaml: "application/yaml",
  yml: "application/yaml",
  zst: "application/zstd",
};

/** Without a prototype: a file may be called `a.constructor`. */
const typesByExtension: Record<string, string> = Object.assign(Object.create(null), mimes, furtherTypes);

/** The Content-Type of a file, by its extension in any case; `application/octet-stream` where that says nothing. */
export function mediaTypeOf(path: string): string {
  return getMimeType(path, typesByExtension) ?? "application/octet-stream";
}

/** Whether bytes of this type usually get smaller. */
export function isCompressible(mediaType: string): boolean {
  return COMPRESSIBLE_CONTENT_TYPE_REGEX.test(mediaType) || mediaType.startsWith("application/yaml");
}
