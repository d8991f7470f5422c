import { describe, expect, spyOn, test } from "bun:test";
import { filesFixture, oflag, rootFd } from "../../../test/support/files-fixture.ts";
import { type HostFixture, hostFixture, TestInput, TestOutput } from "../../../test/support/host-fixture.ts";
import { errno } from "../errno.ts";
import { monotonicNs } from "../monotonic-clock.ts";

const [monotonic, millisecond] = [1, 1_000_000n];
/** Where the tests put subscriptions, events and the count of events. */
const [input, output, count] = [0, 256, 512];

interface Subscription {
  readonly userdata?: bigint;
  readonly type: number;
  /** A clock's id, or a descriptor. */
  readonly id: number;
  readonly timeoutNs?: bigint;
  readonly absolute?: boolean;
}

function subscribe({ memory }: HostFixture, ...subscriptions: readonly Subscription[]): void {
  const view = new DataView(memory.buffer);
  subscriptions.forEach(({ userdata, type, id, timeoutNs, absolute }, index) => {
    const at = input + index * 48;
    memory.fill(0, at, at + 48);
    view.setBigUint64(at, userdata ?? BigInt(index), true);
    view.setUint8(at + 8, type);
    view.setUint32(at + 16, id, true);
    view.setBigUint64(at + 24, timeoutNs ?? 0n, true);
    view.setUint16(at + 40, absolute ? 1 : 0, true);
  });
}

/** `userdata type error bytes` of each event. */
function eventsOf({ memory }: HostFixture): string[] {
  const view = new DataView(memory.buffer);
  return Array.from({ length: view.getUint32(count, true) }, (_, index) => {
    const at = output + index * 32;
    const [userdata, bytes] = [view.getBigUint64(at, true), view.getBigUint64(at + 16, true)];
    return `${userdata} ${view.getUint8(at + 10)} ${view.getUint16(at + 8, true)} ${bytes}`;
  });
}

const poll = (fixture: HostFixture, subscriptions: number): Promise<number> =>
  fixture.callWaiting("poll_oneoff", input, output, subscriptions, count);

describe("poll_oneoff", () => {
  test("writes one event of 32 bytes, the count, and nothing beyond", async () => {
    const fixture = hostFixture({ stdin: new TestInput().push("abc") }, 1024);
    subscribe(
      fixture,
      { userdata: 0x0102_0304_0506_0708n, type: 1, id: 0 },
      { type: 0, id: monotonic, timeoutNs: 10n ** 18n },
    );
    const before = fixture.text(0, output);
    expect(await poll(fixture, 2)).toBe(errno.success);
    const event = "\\x08\\x07\\x06\\x05\\x04\\x03\\x02\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x03";
    expect(fixture.text(output)).toBe(
      `${event}${"\\x00".repeat(15)}${"?".repeat(224)}\\x01\\x00\\x00\\x00${"?".repeat(508)}`,
    );
    expect(fixture.text(0, output)).toBe(before);
  });

  const sleeps: [name: string, id: number, absolute: boolean][] = [
    ["a duration on the wall clock", 0, false],
    ["a duration on the monotonic clock", 1, false],
    ["a duration on a CPU clock", 2, false],
    ["a point in time on the wall clock", 0, true],
    ["a point in time on the monotonic clock", 1, true],
  ];
  for (const [name, id, absolute] of sleeps) {
    test(`waits for ${name}`, async () => {
      const fixture = hostFixture({}, 1024);
      const startMs = performance.now();
      const now = id === 0 ? BigInt(Date.now()) * millisecond : BigInt(Math.floor(monotonicNs()));
      subscribe(fixture, { type: 0, id, absolute, timeoutNs: 15n * millisecond + (absolute ? now : 0n) });
      expect(await poll(fixture, 1)).toBe(errno.success);
      expect(eventsOf(fixture)).toEqual(["0 0 0 0"]);
      const tookMs = performance.now() - startMs;
      expect([tookMs > 12, tookMs < 500]).toEqual([true, true]);
    });
  }

  test("answers the clock that is due first, and only that one", async () => {
    const fixture = hostFixture({}, 1024);
    subscribe(
      fixture,
      { type: 0, id: monotonic, timeoutNs: 10n ** 18n },
      { type: 0, id: monotonic, timeoutNs: 5n * millisecond },
      { type: 0, id: monotonic, timeoutNs: 2n ** 64n - 1n },
    );
    expect(await poll(fixture, 3)).toBe(errno.success);
    expect(eventsOf(fixture)).toEqual(["1 0 0 0"]);
  });

  test("is woken by a descriptor before its clock", async () => {
    const [stdin, stdout] = [new TestInput(), new TestOutput(0)];
    const fixture = hostFixture({ stdin, stdout }, 1024);
    subscribe(
      fixture,
      { type: 0, id: monotonic, timeoutNs: 10n ** 18n },
      { type: 1, id: 0 },
      { type: 2, id: 1 },
    );
    const polled = poll(fixture, 3);
    await Bun.sleep(1);
    stdin.push("ab");
    expect(await polled).toBe(errno.success);
    expect(eventsOf(fixture)).toEqual(["1 1 0 2"]);
    stdout.give(1);
    expect(await poll(fixture, 3)).toBe(errno.success);
    expect(eventsOf(fixture)).toEqual(["1 1 0 2", "2 2 0 0"]);
  });

  test("waits without a clock until a descriptor moves", async () => {
    const stdin = new TestInput();
    const fixture = hostFixture({ stdin }, 1024);
    subscribe(fixture, { type: 1, id: 0 });
    const polled = poll(fixture, 1);
    await Bun.sleep(1);
    stdin.end();
    expect([await polled, eventsOf(fixture)]).toEqual([errno.success, ["0 1 0 0"]]);
  });

  test("goes by what it was asked when it began, not by what is in memory when it is woken", async () => {
    const stdin = new TestInput();
    const fixture = hostFixture({ stdin }, 1024);
    subscribe(fixture, { userdata: 7n, type: 1, id: 0 });
    const polled = poll(fixture, 1);
    subscribe(fixture, { userdata: 9n, type: 2, id: 0 });
    stdin.push("x");
    await polled;
    expect(eventsOf(fixture)).toEqual(["7 1 0 1"]);
    await poll(fixture, 1);
    expect(eventsOf(fixture)).toEqual([`9 2 ${errno.notcapable} 0`]);
  });

  const errors: [name: string, subscription: Subscription, event: string][] = [
    ["an unknown descriptor", { type: 1, id: 9 }, `0 1 ${errno.badf} 0`],
    ["a descriptor of -1", { type: 2, id: 0xffff_ffff }, `0 2 ${errno.badf} 0`],
    ["reading from an output", { type: 1, id: 1 }, `0 1 ${errno.notcapable} 0`],
    ["writing to an input", { type: 2, id: 0 }, `0 2 ${errno.notcapable} 0`],
    ["an unknown clock", { type: 0, id: 9 }, `0 0 ${errno.inval} 0`],
    ["an unknown type", { type: 77, id: 0 }, `0 77 ${errno.inval} 0`],
  ];
  for (const [name, subscription, event] of errors) {
    test(`answers ${name} in an event`, async () => {
      const fixture = hostFixture({ stdin: new TestInput() }, 1024);
      subscribe(fixture, subscription, { type: 1, id: 0 });
      expect([await poll(fixture, 2), eventsOf(fixture)]).toEqual([errno.success, [event]]);
    });
  }

  test("answers ENOTCAPABLE for a descriptor whose right to be polled was given away", async () => {
    const fixture = hostFixture({ stdin: new TestInput() }, 1024);
    fixture.call("fd_fdstat_set_rights", 0, 2, 0, 0, 0);
    subscribe(fixture, { type: 1, id: 0 });
    expect([await poll(fixture, 1), eventsOf(fixture)]).toEqual([
      errno.success,
      [`0 1 ${errno.notcapable} 0`],
    ]);
  });

  const refused: [name: string, args: number[], answer: keyof typeof errno][] = [
    ["no subscriptions", [0, 256, 0, 512], "inval"],
    ["more than 4096", [0, 256, 4097, 512], "inval"],
    ["-1 subscriptions", [0, 256, -1, 512], "inval"],
    ["subscriptions that leave the memory", [980, 256, 1, 512], "fault"],
    ["events that leave the memory", [0, 993, 1, 512], "fault"],
    ["a count that leaves the memory", [0, 256, 1, 1021], "fault"],
    ["pointers of -1", [-1, -1, 1, -1], "fault"],
  ];
  for (const [name, args, answer] of refused) {
    test(`refuses ${name}: ${answer}, and writes nothing`, () => {
      const fixture = hostFixture({}, 1024);
      expect([fixture.call("poll_oneoff", ...args), fixture.text()]).toEqual([
        errno[answer],
        "?".repeat(1024),
      ]);
    });
  }

  test("lets the event loop run for a guest that only asks again and again", async () => {
    const fixture = hostFixture({}, 1024);
    let loopRan = false;
    setTimeout(() => {
      loopRan = true;
    }, 1);
    const startMs = performance.now();
    while (!loopRan) {
      subscribe(fixture, { type: 0, id: monotonic });
      expect(await poll(fixture, 1)).toBe(errno.success);
      if (performance.now() - startMs > 2000) break;
    }
    expect(loopRan).toBe(true);
  });

  test("finds files and directories ready at once, whatever else it waits for", async () => {
    const fixture = filesFixture();
    const file = await fixture.open("new", { openFlags: oflag.create });
    const rightless = await fixture.open("new", { rights: 0 });
    subscribe(
      fixture,
      { type: 0, id: monotonic, timeoutNs: 10n ** 18n },
      { type: 1, id: file },
      { type: 2, id: file },
      { type: 1, id: rootFd },
      { type: 2, id: rightless },
    );
    expect(await poll(fixture, 5)).toBe(errno.success);
    expect(eventsOf(fixture)).toEqual(["1 1 0 0", "2 2 0 0", "3 1 0 0", `4 2 ${errno.notcapable} 0`]);
  });

  test("leaves no timer behind when a descriptor was first", async () => {
    const stdin = new TestInput();
    const fixture = hostFixture({ stdin }, 1024);
    subscribe(fixture, { type: 1, id: 0 }, { type: 0, id: monotonic, timeoutNs: 20n * millisecond });
    const cleared = spyOn(globalThis, "clearTimeout");
    const polled = poll(fixture, 2);
    await Bun.sleep(1);
    stdin.push("x");
    await polled;
    expect(cleared).toHaveBeenCalledTimes(1);
    cleared.mockRestore();
  });
});
