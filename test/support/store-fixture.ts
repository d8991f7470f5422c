/** Releases for tests of the store. Their "patches" hold the whole content, so that a test can do what a node does. */
import { contentDigest, sha256Hex } from "../../src/bytes/index.ts";
import type { Base, CommitEntry, KeptRelease, SiteStore } from "../../src/store/index.ts";

/** Content by path. */
export type Content = Readonly<Record<string, string>>;

const listed = (content: Content) =>
  Object.entries(content).map(([path, text]) => ({
    path,
    size: Buffer.byteLength(text),
    sha256: sha256Hex(text),
  }));

/** What a node serves without a store. */
export const baseContent: Content = {
  "index.html": "base",
  "shared.css": "of the base and of every release",
};

export const base: Base = { digest: contentDigest(listed(baseContent)), files: listed(baseContent) };

/** A release by its name: one file of the base, one of its own, one of some length. */
export function contentOf(name: string): Content {
  return {
    "index.html": `release ${name}`,
    "shared.css": baseContent["shared.css"]!,
    "long.js": name.repeat(1500),
  };
}

export function releaseOf(name: string, sequence: number): KeptRelease {
  const files = listed(contentOf(name));
  const createdMs = sequence * 1000;
  return {
    digest: contentDigest(files),
    sequence,
    label: name,
    createdMs,
    committedMs: createdMs + 1,
    files,
  };
}

export function digestOf(name: string): string {
  return releaseOf(name, 0).digest;
}

/** What commits it. */
export function commitOf(name: string, sequence: number, more: Partial<CommitEntry> = {}): CommitEntry {
  const patch = Buffer.from(JSON.stringify({ sequence, content: contentOf(name) }));
  return {
    release: releaseOf(name, sequence),
    manifestDigest: sha256Hex(`${name} ${sequence}`),
    patch,
    keep: 3,
    ...more,
  };
}

/** What a node does after a commit, but for the collection of garbage. */
export function putBlobsOf(site: SiteStore, name: string): void {
  for (const text of Object.values(contentOf(name)))
    if (!base.files.some(({ sha256 }) => sha256 === sha256Hex(text)))
      site.putBlob(sha256Hex(text), Buffer.from(text));
}

/** Content of a patch of `commitOf`. */
export function contentOfPatch(patch: Uint8Array): Content {
  return JSON.parse(new TextDecoder().decode(patch)).content;
}
