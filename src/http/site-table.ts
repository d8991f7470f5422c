/** Which site answers for a host. Names are case-insensitive, a port does not count. */
import type { SiteAdmission } from "./admission/index.ts";
import type { CanarySplit } from "./canary-split.ts";
import type { SiteApp } from "./site-app.ts";

/** A site's place on the node: its hosts and what it may take stay, its release changes. */
export interface SiteSlot {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly admission: SiteAdmission;
  current: SiteApp;
  /** A release that gets a part of the clients. */
  trial: CanarySplit | undefined;
}

export class SiteTable {
  readonly #exact = new Map<string, SiteSlot>();
  /** `*.example.org` as `.example.org`, longest first. */
  readonly #suffixes: [suffix: string, slot: SiteSlot][] = [];
  #any: SiteSlot | undefined;

  constructor(slots: readonly SiteSlot[]) {
    for (const slot of slots) for (const host of slot.hosts) this.#add(host.toLowerCase(), slot);
    this.#suffixes.sort(([a], [b]) => b.length - a.length);
  }

  /** The site for a Host header's value, undefined when none has it. */
  find(authority: string): SiteSlot | undefined {
    if (this.#exact.size === 0 && this.#suffixes.length === 0) return this.#any;
    const host = authority.replace(/:\d*$/, "").toLowerCase().replace(/\.$/, "");
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    return (
      this.#suffixes.find(([suffix]) => host.length > suffix.length && host.endsWith(suffix))?.[1] ??
      this.#any
    );
  }

  #add(host: string, slot: SiteSlot): void {
    if (host === "*") this.#any = slot;
    else if (host.startsWith("*.")) this.#suffixes.push([host.slice(1), slot]);
    else this.#exact.set(host, slot);
  }
}
