import { describe, expect, test } from "bun:test";
import {
  at,
  type FilesFixture,
  filesFixture,
  oflag,
  rootFd,
  speeds,
} from "../../../test/support/files-fixture.ts";
import { errno } from "../errno.ts";
import { directoryRights, right } from "../rights.ts";

interface Entry {
  readonly next: bigint;
  readonly inode: bigint;
  readonly name: string;
  readonly type: number;
}

const [buffer, bufferMax] = [at.data, 2048];

/** The whole entries in the buffer, and how many bytes were used. */
function entriesIn({ memory, u32 }: FilesFixture): [entries: Entry[], used: number] {
  const view = new DataView(memory.buffer);
  const used = u32(at.result);
  const entries: Entry[] = [];
  for (let offset = buffer; offset + 24 <= buffer + used; ) {
    const length = view.getUint32(offset + 16, true);
    if (offset + 24 + length > buffer + used) break;
    entries.push({
      next: view.getBigUint64(offset, true),
      inode: view.getBigUint64(offset + 8, true),
      name: new TextDecoder().decode(memory.subarray(offset + 24, offset + 24 + length)),
      type: view.getUint8(offset + 20),
    });
    offset += 24 + length;
  }
  return [entries, used];
}

const list = (
  fixture: FilesFixture,
  cookie: bigint | number,
  size = bufferMax,
  fd = rootFd,
): Promise<number> => {
  const [low, high] = [Number(BigInt(cookie) & 0xffff_ffffn), Number(BigInt(cookie) >> 32n)];
  return fixture.callWaiting("fd_readdir", fd, buffer, size, low, high, at.result);
};

async function withFiles(speed: (typeof speeds)[number], ...names: string[]): Promise<FilesFixture> {
  const fixture = filesFixture({ speed });
  for (const name of names) await fixture.open(name, { openFlags: oflag.create });
  return fixture;
}

describe("fd_readdir", () => {
  test.each(speeds)("lists itself, what is above, and every name, %s", async (speed) => {
    const fixture = await withFiles(speed, "b", "größe");
    fixture.root.createDirectory("d");
    fixture.root.symlink("b", "l");
    expect(await list(fixture, 0)).toBe(errno.success);
    const [entries, used] = entriesIn(fixture);
    expect(entries.map(({ name, type, next }) => [name, type, Number(next)])).toEqual([
      [".", 3, 1],
      ["..", 3, 2],
      ["b", 4, 3],
      ["größe", 4, 4],
      ["d", 3, 5],
      ["l", 7, 6],
    ]);
    expect(used).toBe(6 * 24 + 1 + 2 + 1 + 7 + 1 + 1);
    expect(fixture.text(buffer + used, buffer + used + 9)).toBe("?????????");
    await fixture.callWaiting("fd_filestat_get", rootFd, at.vectors);
    const own = fixture.u64(at.vectors + 8);
    expect(entries.slice(0, 2).map(({ inode }) => inode)).toEqual([own, own]);
    expect(new Set(entries.slice(1).map(({ inode }) => inode)).size).toBe(5);
  });

  test.each(speeds)("goes on at any cookie, in buffers of any size, and ends, %s", async (speed) => {
    const names = Array.from({ length: 9 }, (_, i) => `name${i}`);
    for (const size of [30, 40, 100]) {
      const fixture = await withFiles(speed, ...names);
      const seen: string[] = [];
      let cookie = 0n;
      for (;;) {
        expect(await list(fixture, cookie, size)).toBe(errno.success);
        const [entries, used] = entriesIn(fixture);
        seen.push(...entries.map(({ name }) => name));
        cookie = entries.at(-1)?.next ?? cookie;
        if (used < size) break;
      }
      expect([size, seen]).toEqual([size, [".", "..", ...names]]);
    }
  });

  test("cuts the last entry where the buffer ends, in its head too, and writes nothing beyond", async () => {
    const fixture = await withFiles("at once");
    for (const size of [0, 1, 8, 24, 25, 26, 49]) {
      fixture.memory.fill(0x3f, buffer, buffer + 100);
      expect(await list(fixture, 0, size)).toBe(errno.success);
      expect([size, fixture.u32(at.result)]).toEqual([size, size]);
      expect(fixture.text(buffer + size, buffer + 100)).toBe("?".repeat(100 - size));
    }
  });

  test.each(speeds)(
    "no name that stays is missed or told twice while others come and go, %s",
    async (speed) => {
      const fixture = await withFiles(speed, "a", "b", "c", "d");
      await list(fixture, 0, 3 * 25 + 1);
      const first = entriesIn(fixture)[0].map(({ name }) => name);
      fixture.root.unlinkFile("a");
      await fixture.open("e", { openFlags: oflag.create });
      await list(fixture, first.length);
      const rest = entriesIn(fixture)[0].map(({ name }) => name);
      expect([...first, ...rest]).toEqual([".", "..", "a", "b", "c", "d"]);
      await list(fixture, 0);
      expect(entriesIn(fixture)[0].map(({ name }) => name)).toEqual([".", "..", "b", "c", "d", "e"]);
    },
  );

  test("answers nothing at a cookie that no entry had, and takes one on a descriptor that is new", async () => {
    const fixture = await withFiles("at once", "a", "b");
    for (const cookie of [4n, 1000n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(await list(fixture, cookie)).toBe(errno.success);
      expect(entriesIn(fixture)).toEqual([[], 0]);
    }
    const again = await fixture.openDirectory(".");
    await list(fixture, 3, bufferMax, again);
    expect(entriesIn(fixture)[0].map(({ name }) => name)).toEqual(["b"]);
  });

  test("each descriptor has a listing of its own", async () => {
    const fixture = await withFiles("at once", "a");
    const other = await fixture.openDirectory(".");
    await list(fixture, 0, bufferMax, other);
    await fixture.open("b", { openFlags: oflag.create });
    await list(fixture, 0);
    await list(fixture, 2, bufferMax, other);
    expect(entriesIn(fixture)[0].map(({ name }) => name)).toEqual(["a"]);
  });

  test("refuses files, streams, directories without the right, and memory that is not there", async () => {
    const fixture = await withFiles("at once", "a");
    const { open, openDirectory, call, text } = fixture;
    const cases: [fd: number, args: number[], answer: keyof typeof errno][] = [
      [await open("a"), [buffer, 64, 0, 0, at.result], "notdir"],
      [1, [buffer, 64, 0, 0, at.result], "notdir"],
      [99, [buffer, 64, 0, 0, at.result], "badf"],
      [
        await openDirectory(".", { rights: directoryRights & ~right.fdReaddir }),
        [buffer, 64, 0, 0, 0],
        "notcapable",
      ],
      [rootFd, [4090, 64, 0, 0, at.result], "fault"],
      [rootFd, [buffer, -1, 0, 0, at.result], "fault"],
      [rootFd, [buffer, 64, 0, 0, 4093], "fault"],
    ];
    const before = text(buffer);
    for (const [fd, args, answer] of cases)
      expect([answer, call("fd_readdir", fd, ...args)]).toEqual([answer, errno[answer]]);
    expect(text(buffer)).toBe(before);
  });
});
