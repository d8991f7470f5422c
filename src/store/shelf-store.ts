/** The store on any shelf. */
import type { Shelf } from "./shelf.ts";
import { ShelfSite } from "./shelf-site.ts";
import { emptyRecord } from "./site-record.ts";
import type { AuditEntry, SiteStore, Store } from "./store.ts";

export class ShelfStore implements Store {
  readonly #shelf: Shelf;
  readonly #sites = new Map<string, ShelfSite>();
  #problems: string[] = [];

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
    for (const record of shelf.records) this.#sites.set(record.site, this.#open(record));
  }

  sites(): readonly string[] {
    return [...this.#sites.keys()];
  }

  site(name: string): SiteStore {
    const known = this.#sites.get(name);
    if (known !== undefined) return known;
    const made = this.#open(emptyRecord(name));
    this.#sites.set(name, made);
    return made;
  }

  audit(entry: AuditEntry): void {
    this.#shelf.audit(entry);
  }

  audits(selection: { readonly site: string | null; readonly limit: number }): readonly AuditEntry[] {
    return this.#shelf.audits(selection);
  }

  collectGarbage(): number {
    for (const site of this.#sites.values()) site.trim();
    const needed = new Set<string>();
    for (const site of this.#sites.values()) for (const name of site.names()) needed.add(name);
    const unneeded = this.#shelf.names().filter((name) => !needed.has(name));
    for (const name of unneeded) this.#shelf.remove(name);
    return unneeded.length;
  }

  takeProblems(): readonly string[] {
    const problems = [...this.#shelf.takeProblems(), ...this.#problems];
    this.#problems = [];
    return problems;
  }

  [Symbol.dispose](): void {
    this.#shelf[Symbol.dispose]();
  }

  #open(record: Parameters<Shelf["save"]>[0]): ShelfSite {
    return new ShelfSite(this.#shelf, record, (problem) => this.#problems.push(problem));
  }
}
