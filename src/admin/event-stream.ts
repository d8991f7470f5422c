/**
 * Events as server-sent events (HTML, "Server-sent events"). A stream is bounded: a reader that does not keep up is
 * cut off, and comes back with the id of the last event that it got; what happened meanwhile is kept for a while.
 */
import type { EventHub, EventSelection, NodeEvent } from "../events/index.ts";
import { eventHeartbeatMs, eventQueueBytesMax } from "../limits.ts";

/** What a stream is made of. */
export interface EventStreamOptions {
  readonly events: EventHub;
  readonly selection: EventSelection;
  /** The id of the last event that the reader has; null to begin with what comes. */
  readonly lastId: number | null;
  /** Asked with each heartbeat: a token may have been removed meanwhile. */
  readonly mayGoOn: () => boolean;
  /** Called once, whoever ends it. */
  readonly onEnd: () => void;
  readonly heartbeatMs?: number;
}

/** How long a reader should wait before it comes back. */
const retryMs = 2000;

export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { events, selection, lastId, mayGoOn, onEnd, heartbeatMs = eventHeartbeatMs } = options;
  const encoder = new TextEncoder();
  const missed = lastId === null ? "" : events.since(selection, lastId).map(eventText).join("");
  // With the first bytes the head goes out as well.
  const first = encoder.encode(`retry: ${retryMs}\n\n${missed}`);
  let end = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const send = (text: string): void => {
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) >= 0) return;
          end();
          controller.error(new Error("the reader of the event stream does not keep up"));
        };
        controller.enqueue(first);
        const subscription = events.subscribe(selection, (event) => send(eventText(event)));
        const heartbeat = setInterval(() => {
          if (mayGoOn()) {
            send(": still here\n\n");
            return;
          }
          end();
          controller.close();
        }, heartbeatMs);
        // A node that stops does not wait for it.
        heartbeat.unref();
        end = () => {
          subscription[Symbol.dispose]();
          clearInterval(heartbeat);
          end = () => {};
          onEnd();
        };
      },
      cancel: () => end(),
    },
    // What was missed has its bound already.
    { highWaterMark: first.length + eventQueueBytesMax, size: (chunk) => chunk?.length ?? 0 },
  );
}

/** JSON has no line ends of its own, so one line of data will do. */
function eventText(event: NodeEvent): string {
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`;
}
