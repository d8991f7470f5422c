/**
 * Where events go in and listeners hang on. There is a stream for the whole node and one for each site, each with ids
 * of its own: whoever listens to one site cannot even count what happens on another. A stream keeps its last events
 * for listeners that come back.
 */
import { eventsKeptMax } from "../limits.ts";
import type { NodeEvent, NodeEventBody } from "./node-event.ts";

/** Which stream: of one site, or of the whole node with null. */
export interface EventSelection {
  readonly site: string | null;
}

/** How often something happened since the node started. */
export interface EventCount {
  readonly site: string;
  readonly event: NodeEvent["event"];
  /** Of refusals: their code. */
  readonly code: string | null;
  readonly count: number;
}

/** Called for each event. It must not throw and not take long: the publisher waits. */
export type EventListener = (event: NodeEvent) => void;

export class EventHub {
  readonly #nowMs: () => number;
  readonly #node: Stream;
  readonly #sites = new Map<string, Stream>();
  readonly #counts = new Map<string, EventCount>();
  readonly #firstId: number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    // Ids go up across restarts as well (a thousand a millisecond), so that what a client saw last stays in the past.
    this.#firstId = nowMs() * 1000;
    this.#node = new Stream(this.#firstId);
  }

  publish(body: NodeEventBody): void {
    const at = new Date(this.#nowMs()).toISOString();
    this.#count(body);
    this.#siteStream(body.site).push(body, at);
    this.#node.push(body, at);
  }

  /** Calls the listener for each event from now on, until the answer is disposed. */
  subscribe(selection: EventSelection, listener: EventListener): Disposable {
    const { listeners } = this.#streamOf(selection);
    // A listener of its own, so that one function may subscribe twice.
    const own: EventListener = (event) => listener(event);
    listeners.add(own);
    return { [Symbol.dispose]: () => void listeners.delete(own) };
  }

  /** The kept events after an id, oldest first. */
  since(selection: EventSelection, id: number): readonly NodeEvent[] {
    return this.#streamOf(selection).kept.filter((event) => event.id > id);
  }

  /** What was counted, by site, event and code. */
  counts(): readonly EventCount[] {
    return [...this.#counts.values()];
  }

  #streamOf({ site }: EventSelection): Stream {
    return site === null ? this.#node : this.#siteStream(site);
  }

  #siteStream(site: string): Stream {
    let stream = this.#sites.get(site);
    if (stream === undefined) {
      stream = new Stream(this.#firstId);
      this.#sites.set(site, stream);
    }
    return stream;
  }

  #count(body: NodeEventBody): void {
    const { site, event } = body;
    const code = body.event === "refused" ? body.code : null;
    const key = JSON.stringify([site, event, code]);
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { site, event, code, count });
  }
}

class Stream {
  /** Oldest first, at most `eventsKeptMax`. */
  readonly kept: NodeEvent[] = [];
  readonly listeners = new Set<EventListener>();
  #nextId: number;

  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  push(body: NodeEventBody, at: string): void {
    const event: NodeEvent = { id: this.#nextId++, at, ...body };
    if (this.kept.length === eventsKeptMax) this.kept.shift();
    this.kept.push(event);
    for (const listener of this.listeners) listener(event);
  }
}
