/** The site that a path names. */
import { EmendError } from "../errors.ts";
import type { NodeControl, SiteControl } from "./control.ts";
import type { AdminContext } from "./endpoint.ts";

/** Throws `site.unknown`. Tokens of other sites have been turned away before. */
export function siteInPath(control: NodeControl, c: AdminContext): SiteControl {
  return existingSite(control, c.req.param("site") ?? "");
}

/** The site of a name. Throws `site.unknown`. */
export function existingSite(control: NodeControl, name: string): SiteControl {
  const site = control.site(name);
  if (site !== undefined) return site;
  throw new EmendError("site.unknown", `no such site; this node has ${control.sites().join(", ")}`);
}
