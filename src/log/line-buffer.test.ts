import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { logBufferCharsMax, logDelayMs, logFlushMsMax } from "../limits.ts";
import { LineBuffer } from "./line-buffer.ts";

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const describeDropped = (dropped: number): string => `dropped ${dropped}`;

/** Lets promises that are due settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** A writer that takes text and says it is done when told. */
function slowWriter() {
  const written: string[] = [];
  let release: () => void = () => undefined;
  const write = (text: string): Promise<void> => {
    written.push(text);
    return new Promise((resolve) => {
      release = resolve;
    });
  };
  return { written, write, release: () => release() };
}

function instantWriter() {
  const written: string[] = [];
  return { written, write: (text: string): undefined => void written.push(text) };
}

describe("LineBuffer", () => {
  test("add writes nothing before open, and open's line comes first", () => {
    const { written, write } = instantWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.add("early");
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([]);
    buffer.open("ready");
    expect(written).toEqual(["ready\nearly\n"]);
  });

  test("add lets lines share a write and leaves no timer behind", () => {
    const { written, write } = instantWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.open("ready");
    for (const line of ["a", "b", "c"]) buffer.add(line);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(logDelayMs);
    expect(written).toEqual(["ready\n", "a\nb\nc\n"]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("add waits for a slow reader, then writes what came meanwhile at once", async () => {
    const { written, write, release } = slowWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.open("ready");
    buffer.add("a");
    buffer.add("b");
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual(["ready\n"]);
    release();
    await settle();
    expect(written).toEqual(["ready\n", "a\nb\n"]);
  });

  test("add drops and counts what is beyond the bound", async () => {
    const { written, write, release } = slowWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.open("ready");
    const line = "x".repeat(1023);
    const fit = logBufferCharsMax / 1024;
    for (let turn = 0; turn < fit + 7; turn++) buffer.add(line);
    release();
    await settle();
    expect(written[1]).toHaveLength(logBufferCharsMax + "dropped 7\n".length);
    expect(written[1]).toEndWith("x\ndropped 7\n");
    buffer.add("again");
    release();
    await settle();
    expect(written[2]).toBe("again\n");
  });

  test("flush waits until the writer took everything", async () => {
    const { written, write, release } = slowWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.open("ready");
    buffer.add("last");
    let done = false;
    const flushed = buffer.flush().then(() => {
      done = true;
    });
    await settle();
    expect(done).toBe(false);
    release();
    await settle();
    expect(done).toBe(false);
    release();
    await flushed;
    expect(written).toEqual(["ready\n", "last\n"]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("flush gives up on a reader that never reads", async () => {
    const { write } = slowWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.open("ready");
    const flushed = buffer.flush();
    jest.advanceTimersByTime(logFlushMsMax);
    await flushed;
  });

  test("flush writes what was held back when there never was a ready line", async () => {
    const { written, write } = instantWriter();
    const buffer = new LineBuffer(write, describeDropped);
    buffer.add("why it did not start");
    await buffer.flush();
    expect(written).toEqual(["why it did not start\n"]);
  });

  test.each<[string, () => Promise<void> | undefined]>([
    [
      "throws",
      () => {
        throw new Error("EPIPE");
      },
    ],
    ["rejects", () => Promise.reject(new Error("EPIPE"))],
  ])("add survives a writer that %s", async (_name, write) => {
    const buffer = new LineBuffer(write, describeDropped);
    buffer.open("ready");
    await settle();
    buffer.add("a");
    await buffer.flush();
  });
});
