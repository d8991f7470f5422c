import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { ConfineReport } from "./confine-report.ts";
import { type GroupFiles, limitOwnGroup } from "./control-group.ts";
import { dropPrivileges, type Identity, refuseNewPrivileges } from "./privileges.ts";

const limits = { memoryBytes: 512 * 1024 * 1024, cores: 2, tasks: 256 };

/** A kernel's files, of which some cannot be written; what was done to them. */
function groupFiles(
  texts: Readonly<Record<string, string>>,
  refusing: RegExp = /^$/,
): { files: GroupFiles; done: string[] } {
  const done: string[] = [];
  const change = (what: string): void => {
    if (refusing.test(what)) throw new Error("EBUSY: device or resource busy");
    done.push(what);
  };
  const files: GroupFiles = {
    read: (path) => {
      const text = texts[path];
      if (text === undefined) throw new Error("ENOENT");
      return text;
    },
    write: (path, text) => change(`${path} ${text}`),
    makeDirectory: (path) => change(`mkdir ${path}`),
    removeDirectory: (path) => change(`rmdir ${path}`),
  };
  return { files, done };
}

const unified = {
  "/proc/self/mounts": "tmpfs /run tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
  "/proc/self/cgroup": "0::/system.slice/emend.service\n",
};
const parent = "/sys/fs/cgroup/system.slice/emend.service";

describe("limitOwnGroup", () => {
  test("moves the process into a group of its own before limits are handed down", () => {
    const { files, done } = groupFiles(unified);
    expect(limitOwnGroup(limits, 7, files)).toEqual({
      part: "control group",
      done: true,
      words: `${parent}/emend-7: at most 512 MiB of memory, 2 cores, 256 threads`,
    });
    expect(done).toEqual([
      `mkdir ${parent}/emend-7`,
      `${parent}/emend-7/cgroup.procs 7`,
      `${parent}/cgroup.subtree_control +memory +cpu +pids`,
      `${parent}/emend-7/memory.max 536870912`,
      `${parent}/emend-7/memory.high 483183820`,
      `${parent}/emend-7/cpu.max 200000 100000`,
      `${parent}/emend-7/pids.max 256`,
    ]);
  });

  test("goes back where limits cannot be set, and says so", () => {
    const { files, done } = groupFiles(unified, /subtree_control/);
    expect(limitOwnGroup(limits, 7, files)).toMatchObject({
      done: false,
      words: `${parent}/emend-7 could not be limited: EBUSY: device or resource busy`,
    });
    expect(done.slice(-2)).toEqual([`${parent}/cgroup.procs 7`, `rmdir ${parent}/emend-7`]);
  });

  test.each<[what: string, texts: Readonly<Record<string, string>>, refusing: RegExp, words: string]>([
    ["no groups", {}, /^$/, "this system shows no control groups of version 2"],
    [
      "groups of version 1 only",
      { ...unified, "/proc/self/mounts": "cgroup /sys/fs/cgroup/memory cgroup rw 0 0\n" },
      /^$/,
      "this system shows no control groups of version 2",
    ],
    [
      "a group that it may not make",
      unified,
      /mkdir/,
      `${parent}/emend-7 could not be made: EBUSY: device or resource busy`,
    ],
  ])("says what it may not do where there are %s", (_, texts, refusing, words) => {
    const { files, done } = groupFiles(texts, refusing);
    expect([limitOwnGroup(limits, 7, files), done]).toEqual([
      { part: "control group", done: false, words },
      [],
    ]);
  });
});

describe("dropPrivileges", () => {
  /** A process of this user that may become any of these, and what it did. */
  function identityOf(
    uid: number,
    known: Readonly<Record<string, number>>,
  ): { identity: Identity; did: string[] } {
    const did: string[] = [];
    let now = uid;
    const become = (what: string) => (id: string | number) => {
      const found = typeof id === "number" ? id : known[id];
      if (found === undefined) throw new Error(`no ${id}`);
      did.push(`${what} ${found}`);
      if (what === "user") now = found;
    };
    const identity: Identity = {
      getuid: () => now,
      setuid: become("user"),
      setgid: become("group"),
      setgroups: (groups) => void did.push(`groups ${groups.length}`),
    };
    return { identity, did };
  }

  test.each<[user: string, known: Readonly<Record<string, number>>, done: boolean, words: string]>([
    ["www", { www: 33 }, true, "emend runs as www (33)"],
    ["1000", {}, true, "emend runs as 1000 (1000)"],
    ["absent", {}, false, "emend could not become the user absent: no absent"],
    ["root", { root: 0 }, false, "root is root"],
  ])("from root to %s", (user, known, done, words) => {
    const { identity } = identityOf(0, known);
    expect(dropPrivileges(user, identity)).toEqual({ part: "privileges", done, words });
  });

  test("gives up groups before the user: behind it nothing could be given up", () => {
    const { identity, did } = identityOf(0, { www: 33 });
    dropPrivileges("www", identity);
    expect(did[0]).toBe("groups 0");
    expect(did.at(-1)).toBe("user 33");
  });

  test("has nothing to give up when it is not root", () => {
    const { identity, did } = identityOf(1000, {});
    expect([dropPrivileges("www", identity).done, did]).toEqual([true, []]);
  });
});

describe("ConfineReport", () => {
  const group = { part: "control group", done: false, words: "no" } as const;
  const privileges = { part: "privileges", done: true, words: "yes" } as const;

  test("says each step, and is content when one wall stands", () => {
    const lines: string[] = [];
    const report = new ConfineReport((line) => lines.push(line));
    report.add(group);
    report.add(privileges);
    report.check();
    expect(lines).toEqual(["--confine: control group: not done: no\n", "--confine: privileges: yes\n"]);
  });

  test("fails when none stands", () => {
    const report = new ConfineReport(() => undefined);
    report.add(group);
    report.add({ part: "new privileges", done: true, words: "none" });
    expect(() => report.check()).toThrow("--confine: nothing of it could be done: control group: no");
  });
});

describe("refuseNewPrivileges", () => {
  test.skipIf(process.platform !== "linux")("is seen in what the kernel tells of the thread", () => {
    expect(refuseNewPrivileges()).toEqual({
      part: "new privileges",
      done: true,
      words: "none can be gained by starting a program",
    });
    expect(readFileSync("/proc/thread-self/status", "utf8")).toContain("NoNewPrivs:\t1\n");
  });

  test("says why it cannot be done", () => {
    const step = refuseNewPrivileges("no-such-library.so");
    expect(step.done).toBe(false);
    expect(step.words).toContain("no-such-library.so");
  });
});
