/** What a file takes: bytes, sizes, times. */
import { expect } from "bun:test";
import {
  bytesOf,
  type Cases,
  openFile,
  options,
  readAt,
  readText,
  told,
  value,
  writeText,
} from "./files-fixture.ts";

export const writingCases: Cases = {
  "write: overwrites, extends, and leaves zeros in a gap": async (root) => {
    const file = await openFile(root, "new", "create write");
    expect(await value(file.write(bytesOf("abcdef"), 0))).toEqual({ count: 6, endOffset: 6 });
    expect(await value(file.write(bytesOf("XY"), 2))).toEqual({ count: 2, endOffset: 4 });
    expect(await value(file.write(bytesOf("z"), 8))).toEqual({ count: 1, endOffset: 9 });
    expect(await readAt(file, 0, 100)).toBe("abXYef\0\0z");
    expect((await value(file.stat())).sizeBytes).toBe(9n);
    file.close();
    expect(await readText(root, "new")).toBe("abXYef\0\0z");
  },

  "write: without an offset goes behind the last byte, wherever that is by then": async (root) => {
    const [one, two] = [await openFile(root, "log", "create write"), await openFile(root, "log", "write")];
    expect(await value(one.write(bytesOf("a"), undefined))).toEqual({ count: 1, endOffset: 1 });
    expect(await value(two.write(bytesOf("bc"), undefined))).toEqual({ count: 2, endOffset: 3 });
    expect(await value(one.write(bytesOf("d"), undefined))).toEqual({ count: 1, endOffset: 4 });
    expect(await readAt(two, 0, 9)).toBe("abcd");
    one.close();
    two.close();
  },

  "write: no bytes change nothing": async (root) => {
    const file = await openFile(root, "new", "create write");
    expect((await value(file.write(new Uint8Array(0), 5))).count).toBe(0);
    expect((await value(file.stat())).sizeBytes).toBe(0n);
    file.close();
  },

  "write: keeps a copy of the bytes": async (root) => {
    const file = await openFile(root, "new", "create write");
    const bytes = bytesOf("abc");
    await value(file.write(bytes, 0));
    bytes.fill(0x3f);
    expect(await readAt(file, 0, 9)).toBe("abc");
    file.close();
  },

  "write: a megabyte comes back as it was": async (root) => {
    const file = await openFile(root, "large", "create write");
    const bytes = Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * 31 + 7) & 255);
    for (let at = 0; at < bytes.length; at += 65_536)
      expect((await value(file.write(bytes.subarray(at, at + 65_536), at))).endOffset).toBe(
        Math.min(bytes.length, at + 65_536),
      );
    const back = new Uint8Array(bytes.length + 10);
    let done = 0;
    for (;;) {
      const count = await value(file.read(back.subarray(done), done));
      if (count === 0) break;
      done += count;
    }
    expect([done, Buffer.compare(back.subarray(0, done), bytes)]).toEqual([bytes.length, 0]);
    file.close();
  },

  "setSize: cuts, and what was cut does not come back": async (root) => {
    const file = await openFile(root, "new", "create write");
    await value(file.write(bytesOf("abcdef"), 0));
    await value(file.setSize(2));
    await value(file.setSize(5));
    expect(await readAt(file, 0, 9)).toBe("ab\0\0\0");
    await value(file.setSize(0));
    await value(file.write(bytesOf("x"), 2));
    expect(await readAt(file, 0, 9)).toBe("\0\0x");
    file.close();
  },

  "allocate: makes a file longer and never shorter": async (root) => {
    const file = await openFile(root, "new", "create write");
    await value(file.write(bytesOf("abc"), 0));
    expect(await told(file.allocate(0, 2))).toBe("ok");
    expect((await value(file.stat())).sizeBytes).toBe(3n);
    expect(await told(file.allocate(2, 8))).toBe("ok");
    expect(await readAt(file, 0, 20)).toBe(`abc${"\0".repeat(7)}`);
    file.close();
  },

  "sync: both kinds are answered": async (root) => {
    const file = await openFile(root, "new", "create write");
    expect([await told(file.sync()), await told(file.dataSync()), await told(root.sync())]).toEqual([
      "ok",
      "ok",
      "ok",
    ]);
    file.close();
  },

  "open: creates, takes what is there, and is refused it where that is exclusive": async (root) => {
    expect(await told(root.open("new", options("create")))).toBe("ok");
    expect(await told(root.open("new", options("create exclusive")))).toBe("exist");
    expect(await told(root.open("deep", options("create exclusive")))).toBe("exist");
    expect(await told(root.open("other", options("create exclusive")))).toBe("ok");
    expect(await told(root.open("new", options("create")))).toBe("ok");
    expect(await told(root.open("deep", options("create")))).toBe("isdir");
    expect(await told(root.open("later/", options("create")))).toBe("isdir");
    expect(await told(root.open("none/new", options("create")))).toBe("noent");
    expect(await told(root.open("hello.txt/new", options("create")))).toBe("notdir");
    expect(await readText(root, "hello.txt")).toBe("hello, world\n");
  },

  "open: truncates, also for neither reading nor writing": async (root) => {
    await writeText(root, "one", "abc");
    await writeText(root, "two", "abc");
    expect(await told(root.open("one", options("truncate write")))).toBe("ok");
    expect(await told(root.open("two", { ...options("truncate"), read: false }))).toBe("ok");
    expect([await readText(root, "one"), await readText(root, "two")]).toEqual(["", ""]);
    expect(await told(root.open("deep", options("truncate")))).toBe("isdir");
  },

  "setTimes: each alone, both, to the nanosecond": async (root) => {
    const file = await openFile(root, "hello.txt", "write");
    const [early, late] = [1_000_000_000_123_456_789n, 1_500_000_000_987_654_321n];
    await value(file.setTimes({ accessedNs: early, modifiedNs: late }));
    expect(await value(file.stat())).toMatchObject({ accessedNs: early, modifiedNs: late });
    await value(file.setTimes({ accessedNs: undefined, modifiedNs: early }));
    expect(await value(file.stat())).toMatchObject({ accessedNs: early, modifiedNs: early });
    await value(root.setTimesAt("hello.txt", false, { accessedNs: late, modifiedNs: undefined }));
    expect(await value(file.stat())).toMatchObject({ accessedNs: late, modifiedNs: early });
    await value(root.setTimesAt("deep", false, { accessedNs: early, modifiedNs: early }));
    expect(await value(root.statAt("deep", false))).toMatchObject({ accessedNs: early, modifiedNs: early });
    file.close();
    expect(await told(root.setTimesAt("none", false, { accessedNs: 1n, modifiedNs: 1n }))).toBe("noent");
  },

  "setTimes: a write and a new name move the time of what they changed": async (root) => {
    const old = { accessedNs: 1_000n, modifiedNs: 1_000n };
    await value(root.setTimesAt("hello.txt", false, old));
    await value(root.setTimesAt("deep", false, old));
    const file = await openFile(root, "hello.txt", "write");
    await value(file.write(bytesOf("J"), 0));
    file.close();
    await value(root.createDirectory("deep/new"));
    const now = BigInt(Date.now()) * 1_000_000n;
    for (const path of ["hello.txt", "deep"]) {
      const { modifiedNs } = await value(root.statAt(path, false));
      // File systems round, and clocks are read at different times.
      expect(now - modifiedNs < 60_000_000_000n && modifiedNs - now < 60_000_000_000n).toBe(true);
    }
  },
};
