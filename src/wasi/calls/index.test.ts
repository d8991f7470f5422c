import { describe, expect, test } from "bun:test";
import { hostFixture } from "../../../test/support/host-fixture.ts";
import { preview1 } from "../abi.ts";
import { errno } from "../errno.ts";

const untouched = "?".repeat(64);
const [stdin, stdout, stderr] = [0, 1, 2];

describe("calls that no stream can do", () => {
  const answers: [answer: keyof typeof errno, names: string[]][] = [
    ["spipe", ["fd_seek", "fd_tell", "fd_pread", "fd_pwrite", "fd_advise"]],
    [
      "notcapable",
      ["fd_allocate", "fd_datasync", "fd_sync", "fd_filestat_set_size", "fd_filestat_set_times"],
    ],
    ["notsock", ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"]],
    ["notdir", ["fd_readdir", ...Object.keys(preview1).filter((each) => each.startsWith("path_"))]],
    ["badf", ["fd_prestat_get", "fd_prestat_dir_name"]],
  ];
  for (const [answer, names] of answers) {
    for (const name of names) {
      test(`${name} answers ${answer} on a stream, EBADF without one, and writes nothing`, () => {
        const { call, text } = hostFixture();
        // The descriptor is the first parameter; of path_symlink it is the third.
        const on = (fd: number): number =>
          name === "path_symlink" ? call(name, 0, 4, fd, 0, 4) : call(name, fd, ...Array(9).fill(0));
        expect([on(stdin), on(stdout), on(stderr)]).toEqual(Array(3).fill(errno[answer]));
        expect([on(3), on(-1), on(2 ** 31)]).toEqual(Array(3).fill(errno.badf));
        expect(text()).toBe(untouched);
      });
    }
  }

  test("every call that takes a descriptor answers EBADF for one that is not open", () => {
    const { call, text } = hostFixture();
    const names = Object.keys(preview1).filter((name) => /^(fd|path|sock)_/.test(name));
    expect(names).toHaveLength(35);
    for (const name of names) {
      for (const fd of [3, 255, -1])
        expect([name, call(name, fd, fd, fd, 0, 0, 0, 0, 0, 0, 0)]).toEqual([name, errno.badf]);
    }
    expect(text()).toBe(untouched);
  });
});
