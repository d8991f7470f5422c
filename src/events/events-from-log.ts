/**
 * Events about guests, made of what the log is told anyway: that costs nothing while guests do not fail. When many
 * do, some events a second stand for all of them.
 */
import { guestEventsPerSecond } from "../limits.ts";
import type { TappedRecord } from "../log/index.ts";
import type { EventHub } from "./event-hub.ts";

/** A listener for the log's tap, which publishes to a hub. */
export function eventsFromLog(
  events: EventHub,
  nowMs: () => number = Date.now,
): (record: TappedRecord) => void {
  const rates = new Map<string, Rate>();
  return (record) => {
    if (record.event === "breaker") {
      const { event, site, route, state, reason } = record;
      events.publish({ event, site, route, state, reason });
      return;
    }
    const { failure, site, route, release, status, reason = "" } = record;
    if (failure === undefined || site === null || route === null) return;
    const rate = rates.get(site) ?? { second: 0, taken: 0, leftOut: 0 };
    rates.set(site, rate);
    if (!take(rate, Math.floor(nowMs() / 1000))) return;
    events.publish({ event: failure, site, route, release, status, reason, leftOut: rate.leftOut });
    rate.leftOut = 0;
  };
}

interface Rate {
  second: number;
  taken: number;
  leftOut: number;
}

function take(rate: Rate, second: number): boolean {
  if (rate.second !== second) {
    rate.second = second;
    rate.taken = 0;
  }
  if (rate.taken < guestEventsPerSecond) {
    rate.taken++;
    return true;
  }
  rate.leftOut++;
  return false;
}
