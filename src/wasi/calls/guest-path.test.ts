import { expect, test } from "bun:test";
import { filesFixture, rootFd } from "../../../test/support/files-fixture.ts";
import { errno } from "../errno.ts";
import { limits } from "../limits.ts";

/** The path calls, each with a path in the place of `path`, and another that is fine in the place of `other`. */
const calls: [name: string, ...args: (number | "path" | "other")[]][] = [
  ["path_create_directory", rootFd, "path"],
  ["path_filestat_get", rootFd, 1, "path", 1024],
  ["path_filestat_set_times", rootFd, 1, "path", 0, 0, 0, 0, 0],
  ["path_link", rootFd, 0, "path", rootFd, "other"],
  ["path_link", rootFd, 0, "other", rootFd, "path"],
  ["path_open", rootFd, 1, "path", 0, 0, 0, 0, 0, 0, 1024],
  ["path_readlink", rootFd, "path", 1024, 8, 2048],
  ["path_remove_directory", rootFd, "path"],
  ["path_rename", rootFd, "path", rootFd, "other"],
  ["path_rename", rootFd, "other", rootFd, "path"],
  ["path_symlink", "path", rootFd, "other"],
  ["path_symlink", "other", rootFd, "path"],
  ["path_unlink_file", rootFd, "path"],
];

const bad: [what: string, pointer: number, length: number, answer: keyof typeof errno][] = [
  ["an empty path", 256, 0, "noent"],
  ["a path that leaves the memory", 65_530, 7, "fault"],
  ["a path at -1", -1, 4, "fault"],
  ["a path of 4 GiB", 256, -1, "fault"],
  ["a path that is too long", 8192, limits.pathBytesMax + 1, "nametoolong"],
  ["a path that is no UTF-8", 512, 3, "ilseq"],
  ["a surrogate in UTF-8", 528, 3, "ilseq"],
  ["a NUL", 544, 3, "inval"],
];

for (const [name, ...args] of calls) {
  const where = args.indexOf("path");
  test.each(bad)(`${name} refuses %s as argument ${where}`, (_what, pointer, length, answer) => {
    const { call, memory, root } = filesFixture({ memoryBytes: 65_536 });
    memory.set(Buffer.from("other"), 0);
    memory.set([0x61, 0xff, 0x62], 512);
    memory.set([0xed, 0xa0, 0x80], 528);
    memory.set([0x61, 0, 0x62], 544);
    memory.fill(0x61, 8192, 16_384);
    const before = memory.slice();
    const flat = args.flatMap((arg) => {
      if (arg === "path") return [pointer, length];
      return arg === "other" ? [0, 5] : [arg];
    });
    expect(call(name, ...flat)).toBe(errno[answer]);
    expect(Buffer.compare(memory, before)).toBe(0);
    expect(root.entries()).toEqual([]);
  });
}

test("a byte order mark is part of a name", () => {
  const { call, path, root } = filesFixture();
  expect(call("path_create_directory", rootFd, ...path("\ufeffname"))).toBe(errno.success);
  expect(root.entries()).toMatchObject([{ name: "\ufeffname" }]);
});
