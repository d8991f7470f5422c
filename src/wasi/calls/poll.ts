/** poll_oneoff: waits for clocks and descriptors together. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import type { Layout, SubscriptionLayout } from "../layout.ts";
import { limits } from "../limits.ts";
import { right } from "../rights.ts";
import { eventType, type Subscription } from "../subscription.ts";
import { clockNanoseconds, isClockId } from "./clock.ts";
import type { HostCalls } from "./host-calls.ts";

/** `$subclockflags`: the timeout is a point in time and not a duration. */
const absoluteTime = 1;

/** Size of `$event` in bytes. */
const eventSize = 32;

/** The longest a timer can be set (setTimeout's own bound); a longer wait is waited again. */
const timerMaxMs = 2 ** 31 - 1;

/** An event that has not come yet; others are their errno. */
const notYet = -1;

/** When a timeout of 0 is over. */
const alwaysDue = Number.NEGATIVE_INFINITY;

/** How many calls that end at once share one look at how long the guest has had the thread. */
const callsBetweenLooks = 16;

/** The time of one call. Reading it takes as long as the rest of a call, and a timeout of 0 can do without. */
class CallTime {
  #ms: number | undefined;

  begin(): void {
    this.#ms = undefined;
  }

  get ms(): number {
    this.#ms ??= performance.now();
    return this.#ms;
  }
}

export const pollCalls = (host: WasiHost, { subscription: layout }: Layout): HostCalls => {
  const now = new CallTime();
  const read: Subscription[] = [];
  let calls = 0;
  return {
    /**
     * poll_oneoff(in, out, count, events): answers at least one event.
     * ```
     *  in  → [userdata u64][type u8, 7 pad][clock: see layout.ts | fd u32]
     *  out → [userdata u64][errno u16][type u8, 5 pad][bytes u64][flags u16, 6 pad]      events → u32
     * ```
     * EINVAL for no subscriptions or too many, EFAULT. In an event: EBADF, ENOTCAPABLE, EINVAL (clock).
     */
    poll_oneoff: (input, output, count, eventsPointer) => {
      host.charged += cost.call;
      const total = count >>> 0;
      if (total === 0 || total > limits.subscriptionsMax) return errno.inval;
      const { memory } = host;
      if (!memory.has(input, total * layout.bytes) || !memory.has(output, total * eventSize))
        return errno.fault;
      if (!memory.has(eventsPointer, 4)) return errno.fault;

      // Read once, when the call begins: durations count from there however often the call is tried again.
      const resumed = host.pendingPoll !== undefined;
      now.begin();
      if (!resumed) readSubscriptions(host, layout, input, total, now, read);
      const subscriptions = host.pendingPoll ?? read;
      host.charged += total * cost.subscription;
      // A guest that only asks again and again must not keep the event loop, which moves its streams, from running.
      calls = (calls + 1) % callsBetweenLooks;
      if (!resumed && calls === 0 && host.shouldYield(now.ms))
        return goOnLater(host, subscriptions, nextTurn);
      const events = writeEvents(host, subscriptions, output, now);
      if (events === 0) return goOnLater(host, subscriptions, waitForAny);
      host.pendingPoll = undefined;
      memory.setU32(eventsPointer, events);
      return errno.success;
    },
  };
};

/** Of the call apart, so that one which does not wait makes no closure. */
function goOnLater(
  host: WasiHost,
  subscriptions: readonly Subscription[],
  register: typeof waitForAny,
): number {
  host.pendingPoll = subscriptions;
  return host.waitFor((wake) => register(host, subscriptions, wake));
}

function nextTurn(_host: WasiHost, _subscriptions: readonly Subscription[], wake: () => void): undefined {
  setImmediate(wake);
}

function readSubscriptions(
  host: WasiHost,
  layout: SubscriptionLayout,
  input: number,
  count: number,
  now: CallTime,
  into: Subscription[],
): void {
  while (into.length < count)
    into.push({ userdataLow: 0, userdataHigh: 0, type: 0, id: 0, dueNs: 0, error: errno.success });
  into.length = count;
  for (let i = 0; i < count; i++)
    readSubscription(host, layout, (input >>> 0) + i * layout.bytes, now, into[i]!);
}

function readSubscription(
  host: WasiHost,
  layout: SubscriptionLayout,
  at: number,
  now: CallTime,
  into: Subscription,
): void {
  const { memory } = host;
  const type = memory.u8(at + 8);
  const isClock = type === eventType.clock;
  const id = memory.u32(at + (isClock ? layout.clock : 16));
  let dueNs = 0;
  let error: number = errno.success;
  if (isClock) {
    const timeout = memory.u32(at + layout.timeout) + memory.u32(at + layout.timeout + 4) * 2 ** 32;
    const isAbsolute = (memory.u16(at + layout.flags) & absoluteTime) !== 0;
    if (!isClockId(id)) error = errno.inval;
    else if (isAbsolute) dueNs = timeout;
    else dueNs = timeout === 0 ? alwaysDue : clockNanoseconds(id, host.beganNs, now.ms) + timeout;
  } else if (type !== eventType.fdRead && type !== eventType.fdWrite) error = errno.inval;
  into.userdataLow = memory.u32(at);
  into.userdataHigh = memory.u32(at + 4);
  into.type = type;
  into.id = id;
  into.dueNs = dueNs;
  into.error = error;
}

/** Writes the events that have come, one behind the other: their number. */
function writeEvents(
  host: WasiHost,
  subscriptions: readonly Subscription[],
  output: number,
  now: CallTime,
): number {
  const { memory } = host;
  let at = output >>> 0;
  for (const each of subscriptions) {
    const event = eventOf(host, each, now);
    if (event === notYet) continue;
    memory.setU32(at, each.userdataLow);
    memory.setU32(at + 4, each.userdataHigh);
    memory.setU32(at + 8, event | (each.type << 16));
    memory.setU32(at + 12, 0);
    const reads = event === errno.success && each.type === eventType.fdRead;
    memory.setU32(at + 16, reads ? readableBytes(host, each) : 0);
    memory.setU32(at + 20, 0);
    memory.setU32(at + 24, 0);
    memory.setU32(at + 28, 0);
    at += eventSize;
  }
  return (at - (output >>> 0)) / eventSize;
}

/** How much can be read at once. Of files that is not asked, as it could wait. */
function readableBytes({ descriptors }: WasiHost, { id }: Subscription): number {
  const descriptor = descriptors[id];
  return descriptor?.kind === "stream" ? (descriptor.input?.available() ?? 0) : 0;
}

/** What has come of a subscription: `notYet`, or its errno. */
function eventOf(host: WasiHost, subscription: Subscription, now: CallTime): number {
  const { type, id, dueNs, error } = subscription;
  if (error !== errno.success) return error;
  if (type === eventType.clock) {
    const isDue = dueNs === alwaysDue || clockNanoseconds(id, host.beganNs, now.ms) >= dueNs;
    return isDue ? errno.success : notYet;
  }
  const descriptor = host.descriptors[id];
  if (descriptor === undefined) return errno.badf;
  if (!(descriptor.rights & right.pollFdReadwrite)) return errno.notcapable;
  // Files and directories are never waited for.
  if (descriptor.kind !== "stream") return errno.success;
  const stream = type === eventType.fdRead ? descriptor.input : descriptor.output;
  if (stream === undefined) return errno.notcapable;
  return stream.ready() ? errno.success : notYet;
}

function waitForAny(
  host: WasiHost,
  subscriptions: readonly Subscription[],
  wake: () => void,
): (() => void) | undefined {
  const nowMs = performance.now();
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const each of subscriptions) {
    if (each.error !== errno.success) continue;
    if (each.type === eventType.clock) {
      const now = clockNanoseconds(each.id, host.beganNs, nowMs);
      soonestMs = Math.min(soonestMs, (each.dueNs - now) / 1e6);
      continue;
    }
    const descriptor = host.descriptors[each.id];
    if (descriptor?.kind !== "stream") continue;
    (each.type === eventType.fdRead ? descriptor.input : descriptor.output)?.wait(wake);
  }
  if (soonestMs === Number.POSITIVE_INFINITY) return undefined;
  // Rounded up: a timer that fires early would only be set again.
  const timer = setTimeout(wake, Math.min(timerMaxMs, Math.max(0, Math.ceil(soonestMs))));
  return () => clearTimeout(timer);
}
