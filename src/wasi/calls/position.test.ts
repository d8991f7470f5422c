import { describe, expect, test } from "bun:test";
import { at, filesFixture, oflag, rootFd, speeds } from "../../../test/support/files-fixture.ts";
import { hostFixture } from "../../../test/support/host-fixture.ts";
import { abis } from "../abi.ts";
import { errno } from "../errno.ts";
import { createScratch } from "../files/tree/index.ts";
import { right } from "../rights.ts";

const [set, current, end] = [0, 1, 2];
/** A signed number as the two halves of an i64. */
const wide = (value: number): [low: number, high: number] => [value | 0, Math.floor(value / 2 ** 32) | 0];

describe("fd_seek", () => {
  const moves: [offset: number, whence: number, position: number | keyof typeof errno][] = [
    [2, set, 2],
    [3, current, 5],
    [-5, current, 0],
    [-1, current, "inval"],
    [0, end, 6],
    [-2, end, 4],
    [-7, end, "inval"],
    [100, end, 106],
    [-1, set, "inval"],
    [2 ** 40, set, 2 ** 40],
    [2 ** 53 - 1, set, 2 ** 53 - 1],
    [1, current, "overflow"],
    [2 ** 53, set, "overflow"],
    [0, 3, "inval"],
    [0, -1, "inval"],
    [0, current, 2 ** 53 - 1],
  ];
  test.each(speeds)("moves by its three origins, and not where that cannot be, %s", async (speed) => {
    const { open, write, callWaiting, memory, u64, text } = filesFixture({ speed });
    const fd = await open("new", { openFlags: oflag.create });
    await write(fd, "abcdef");
    for (const [offset, whence, position] of moves) {
      memory.fill(0x3f, at.result, at.result + 9);
      const result = await callWaiting("fd_seek", fd, ...wide(offset), whence, at.result);
      const told = result === 0 ? Number(u64(at.result)) : result;
      const expected = typeof position === "number" ? position : errno[position];
      expect([offset, whence, told]).toEqual([offset, whence, expected]);
      expect(text(at.result, at.result + 9).endsWith(result === 0 ? "?" : "?????????")).toBe(true);
    }
  });

  test("asks where it is with fd_tell alone, and moves with fd_seek only", async () => {
    const { open, call } = filesFixture();
    const fd = await open("new", { openFlags: oflag.create, rights: right.fdTell });
    expect(call("fd_seek", fd, 0, 0, current, at.result)).toBe(errno.success);
    expect(call("fd_seek", fd, 0, 0, set, at.result)).toBe(errno.notcapable);
    expect(call("fd_seek", fd, 1, 0, current, at.result)).toBe(errno.notcapable);
    expect(call("fd_tell", fd, at.result)).toBe(errno.success);
  });

  test("goes by the numbers of the older ABI where the guest was built for that", async () => {
    const preopens = [{ name: "/", directory: createScratch(9999), readOnly: false }];
    const { call, text } = hostFixture({ preopens: () => preopens }, 64, abis[1]!);
    call("path_open", 3, 0, 0, 1, oflag.create, right.fdSeek, 0, 0, 0, 0, 32);
    expect(call("fd_seek", 4, 7, 0, 2, 16)).toBe(errno.success);
    expect(call("fd_seek", 4, 1, 0, 0, 16)).toBe(errno.success);
    expect(text(16, 24)).toBe(`\\x08${"\\x00".repeat(7)}`);
  });
});

test("fd_tell answers the position in 8 bytes", async () => {
  const { open, write, call, text } = filesFixture();
  const fd = await open("new", { openFlags: oflag.create });
  await write(fd, "abcdef");
  expect([call("fd_tell", fd, 320), text(320, 329)]).toEqual([0, `\\x06${"\\x00".repeat(7)}?`]);
});

test("fd_seek and fd_tell answer EISDIR, ESPIPE, ENOTCAPABLE and EFAULT", async () => {
  const { open, call } = filesFixture();
  const fd = await open("new", { openFlags: oflag.create, rights: right.fdRead });
  const all = await open("new");
  const answers = (on: number, pointer: number): number[] => [
    call("fd_seek", on, 0, 0, set, pointer),
    call("fd_tell", on, pointer),
  ];
  expect(answers(rootFd, at.result)).toEqual([errno.isdir, errno.isdir]);
  expect(answers(1, at.result)).toEqual([errno.spipe, errno.spipe]);
  expect(answers(fd, at.result)).toEqual([errno.notcapable, errno.notcapable]);
  expect(answers(all, 4089)).toEqual([errno.fault, errno.fault]);
});
