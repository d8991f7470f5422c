/** poll_oneoff: waits for clocks and descriptors together. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import type { Layout, SubscriptionLayout } from "../layout.ts";
import { limits } from "../limits.ts";
import { right } from "../rights.ts";
import { eventType, type Subscription } from "../subscription.ts";
import { clockNanoseconds } from "./clock.ts";
import type { HostCalls } from "./host-calls.ts";

/** `$subclockflags`: the timeout is a point in time and not a duration. */
const absoluteTime = 1;

/** Size of `$event` in bytes. */
const eventSize = 32;

/** The longest a timer can be set (setTimeout's own bound); a longer wait is waited again. */
const timerMaxMs = 2 ** 31 - 1;

interface Event {
  readonly userdata: bigint;
  readonly type: number;
  readonly error: number;
  readonly bytes: number;
}

export const pollCalls = (host: WasiHost, { subscription: layout }: Layout): HostCalls => ({
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
    const subscriptions = host.pendingPoll ?? readSubscriptions(host, layout, input, total);
    host.charged += total * cost.subscription;
    const events = dueEvents(host, subscriptions);
    if (events.length === 0) {
      host.pendingPoll = subscriptions;
      return host.waitFor((wake) => waitForAny(host, subscriptions, wake));
    }
    if (!resumed && host.shouldYield()) {
      // A guest that only asks again and again must not keep the event loop, which moves its streams, from running.
      host.pendingPoll = subscriptions;
      return host.waitFor((wake) => void setImmediate(wake));
    }
    host.pendingPoll = undefined;
    events.forEach((event, index) => {
      writeEvent(host, (output >>> 0) + index * eventSize, event);
    });
    memory.setU32(eventsPointer, events.length);
    return errno.success;
  },
});

function readSubscriptions(
  host: WasiHost,
  layout: SubscriptionLayout,
  input: number,
  count: number,
): Subscription[] {
  const subscriptions: Subscription[] = [];
  for (let i = 0; i < count; i++)
    subscriptions.push(readSubscription(host, layout, (input >>> 0) + i * layout.bytes));
  return subscriptions;
}

function readSubscription(host: WasiHost, layout: SubscriptionLayout, at: number): Subscription {
  const { memory } = host;
  const userdata = memory.u64(at);
  const type = memory.u8(at + 8);
  if (type === eventType.fdRead || type === eventType.fdWrite)
    return { type, userdata, fd: memory.u32(at + 16) };
  if (type !== eventType.clock) return { type, userdata, error: errno.inval };

  const id = memory.u32(at + layout.clock);
  const now = clockNanoseconds(id, host.beganNs);
  if (now === undefined) return { type, userdata, error: errno.inval };
  const timeout = memory.u64(at + layout.timeout);
  const absolute = (memory.u16(at + layout.flags) & absoluteTime) !== 0;
  return { type: eventType.clock, userdata, id, dueNs: absolute ? timeout : now + timeout };
}

function dueEvents(host: WasiHost, subscriptions: readonly Subscription[]): Event[] {
  const events: Event[] = [];
  for (const each of subscriptions) {
    const event = eventOf(host, each);
    if (event !== undefined) events.push(event);
  }
  return events;
}

function eventOf(host: WasiHost, subscription: Subscription): Event | undefined {
  const { userdata, type } = subscription;
  if ("error" in subscription) return { userdata, type, error: subscription.error, bytes: 0 };
  if ("dueNs" in subscription) {
    const now = clockNanoseconds(subscription.id, host.beganNs) ?? 0n;
    return now >= subscription.dueNs ? { userdata, type, error: errno.success, bytes: 0 } : undefined;
  }
  const descriptor = host.descriptors[subscription.fd];
  if (descriptor === undefined) return { userdata, type, error: errno.badf, bytes: 0 };
  if (!(descriptor.rights & right.pollFdReadwrite))
    return { userdata, type, error: errno.notcapable, bytes: 0 };
  // Files and directories are never waited for; how much can be read of them is not asked, as that could wait.
  if (descriptor.kind !== "stream") return { userdata, type, error: errno.success, bytes: 0 };
  const reads = type === eventType.fdRead;
  const stream = reads ? descriptor.input : descriptor.output;
  if (stream === undefined) return { userdata, type, error: errno.notcapable, bytes: 0 };
  if (!stream.ready()) return undefined;
  return { userdata, type, error: errno.success, bytes: reads ? (descriptor.input?.available() ?? 0) : 0 };
}

function waitForAny(
  host: WasiHost,
  subscriptions: readonly Subscription[],
  wake: () => void,
): (() => void) | undefined {
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const each of subscriptions) {
    if ("dueNs" in each) {
      const left = Number(each.dueNs - (clockNanoseconds(each.id, host.beganNs) ?? 0n)) / 1e6;
      soonestMs = Math.min(soonestMs, left);
    } else if ("fd" in each) {
      const descriptor = host.descriptors[each.fd];
      if (descriptor?.kind !== "stream") continue;
      (each.type === eventType.fdRead ? descriptor.input : descriptor.output)?.wait(wake);
    }
  }
  if (soonestMs === Number.POSITIVE_INFINITY) return undefined;
  // Rounded up: a timer that fires early would only be set again.
  const timer = setTimeout(wake, Math.min(timerMaxMs, Math.max(0, Math.ceil(soonestMs))));
  return () => clearTimeout(timer);
}

function writeEvent(host: WasiHost, at: number, event: Event): void {
  const { memory } = host;
  memory.fill(at, eventSize, 0);
  memory.setU64(at, event.userdata);
  memory.setU16(at + 8, event.error);
  memory.setU8(at + 10, event.type);
  memory.setU64(at + 16, BigInt(event.bytes));
}
