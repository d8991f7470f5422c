/** `emend inspect` on a site directory: what would enter a release. The route table is printed by its caller. */
import type { CollectedSite, LeftOut, ListedFile } from "../release/index.ts";
import { fileTable, fileTotals } from "./file-table.ts";

/** What a site directory comes to as a release. */
export type SiteReport = {
  readonly kind: "site";
  readonly digest: string;
  readonly files: readonly ListedFile[];
  readonly leftOut: readonly LeftOut[];
};

/** The report on a collected site. */
export function inspectSite({ digest, files, leftOut }: CollectedSite): SiteReport {
  const listed = Array.from(files.values(), ({ path, size, sha256 }) => ({ path, size, sha256 }));
  return { kind: "site", digest, files: listed, leftOut };
}

/** The report for people. */
export function siteText({ digest, files, leftOut }: SiteReport): string {
  return [`site: release ${digest}, ${fileTotals(files)}`, fileTable(files, leftOut)].join("\n");
}
