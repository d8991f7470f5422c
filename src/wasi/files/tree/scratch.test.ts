import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../../test/support/random.ts";
import { type Answer, Failure } from "../answer.ts";
import type { OpenDirectory } from "../open-directory.ts";
import { OpenFile } from "../open-file.ts";
import { createScratch } from "./scratch.ts";

/** What a directory in memory answers, which it does at once; a failure by its number. */
function now<T>(answer: Answer<T>): T | number {
  if (answer instanceof Promise) throw new Error("it should have been there");
  return answer instanceof Failure ? answer.errno : answer;
}

const nospc = 51;

function create(root: OpenDirectory, path: string): OpenFile | number {
  const options = { follow: false, create: true, exclusive: false, truncate: false, directory: false };
  const node = now(root.open(path, { ...options, read: true, write: true, sync: "none" }));
  if (typeof node === "number" || node instanceof OpenFile) return node;
  throw new Error(`${path} is a directory`);
}

function fileIn(root: OpenDirectory, path: string): OpenFile {
  const file = create(root, path);
  if (typeof file === "number") throw new Error(`${path}: errno ${file}`);
  return file;
}

/** How many bytes can still be written. */
function roomIn(root: OpenDirectory): number {
  const file = fileIn(root, "probe");
  const written = now(file.write(new Uint8Array(10_000_000), 0));
  file.close();
  now(root.unlinkFile("probe"));
  return typeof written === "number" ? 0 : written.count;
}

describe("createScratch", () => {
  test("takes content up to its limit, names and nodes counted, and then no more", () => {
    const root = createScratch(100_000);
    const room = roomIn(root);
    expect([room > 99_000, room < 100_000]).toEqual([true, true]);
    const file = fileIn(root, "a");
    expect(now(file.write(new Uint8Array(200_000), 0))).toMatchObject({ count: room + 8 });
    expect(now(file.write(new Uint8Array(1), 200_000))).toBe(nospc);
    expect(now(file.setSize(200_000))).toBe(nospc);
    expect(now(file.allocate(0, 200_000))).toBe(nospc);
    expect(now(file.write(new Uint8Array(10), 50))).toMatchObject({ count: 10 });
    for (const answer of [
      root.createDirectory("d"),
      root.symlink("a", "l"),
      root.link("a", false, root, "b"),
    ])
      expect(now(answer)).toBe(nospc);
    expect(create(root, "c")).toBe(nospc);
    expect(now(root.rename("a", root, "a-much-longer-name"))).toBe(nospc);
    expect(now(root.entries())).toMatchObject([{ name: "a" }]);
  });

  test("a limit of 0 holds the directory itself and nothing else", () => {
    const root = createScratch(0);
    expect([create(root, "a"), now(root.createDirectory("d")), now(root.entries())]).toEqual([
      nospc,
      nospc,
      [],
    ]);
  });

  test("gets all room back when what took it has neither a name nor a descriptor", () => {
    const root = createScratch(1_000_000);
    const room = roomIn(root);
    const file = fileIn(root, "a");
    now(file.write(new Uint8Array(500_000), 0));
    now(root.link("a", false, root, "b"));
    now(root.unlinkFile("a"));
    expect(roomIn(root)).toBeLessThan(600_000);
    now(root.unlinkFile("b"));
    expect(roomIn(root)).toBeLessThan(600_000);
    file.close();
    expect(roomIn(root)).toBe(room);

    now(root.createDirectory("d"));
    now(root.createDirectory("d/e"));
    now(root.symlink("x".repeat(1000), "d/l"));
    now(root.rename("d/e", root, "f"));
    const other = fileIn(root, "d/g");
    now(other.write(new Uint8Array(5000), 0));
    now(other.setSize(0));
    other.close();
    now(root.rename("d/g", root, "d/l"));
    for (const path of ["d/l"]) now(root.unlinkFile(path));
    for (const path of ["d", "f"]) now(root.removeDirectory(path));
    expect([now(root.entries()), roomIn(root)]).toEqual([[], room]);
  });

  test("allocates what fits, to the byte, and nothing of what does not", () => {
    const root = createScratch(200_000);
    const room = roomIn(root);
    const file = fileIn(root, "probe");
    expect(now(file.allocate(0, room + 1))).toBe(nospc);
    expect(now(file.stat())).toMatchObject({ sizeBytes: 0n });
    expect(now(file.allocate(0, room))).toBeUndefined();
    expect(create(root, "x")).toBe(nospc);
    expect(now(file.write(new Uint8Array(room), 0))).toMatchObject({ count: room });
    now(file.setSize(0));
    expect(now(file.allocate(100_000, 10))).toBeUndefined();
    file.close();
    now(root.unlinkFile("probe"));
    expect(roomIn(root)).toBe(room);
  });

  test("a gap takes no room, and reads as zeros", () => {
    const root = createScratch(1_000_000);
    const file = fileIn(root, "a");
    now(file.write(Uint8Array.of(7), 900_000));
    expect(roomIn(root)).toBeGreaterThan(800_000);
    const into = new Uint8Array(400_000).fill(1);
    expect([now(file.read(into, 500_001)), into.indexOf(7), into.indexOf(1)]).toEqual([400_000, 399_999, -1]);
  });

  test("a thousand writes at the limit leak nothing", () => {
    const root = createScratch(50_000);
    const room = roomIn(root);
    for (let i = 0; i < 1000; i++) {
      const file = create(root, `file${i % 7}`);
      if (typeof file === "number") continue;
      now(file.write(new Uint8Array((i * 37) % 30_000), (i * 13) % 5000));
      now(file.setSize((i * 11) % 9000));
      file.close();
      if (i % 3 === 0) now(root.unlinkFile(`file${(i + 3) % 7}`));
      if (i % 5 === 0) now(root.rename(`file${i % 7}`, root, `file${(i + 1) % 7}`));
    }
    for (let i = 0; i < 7; i++) now(root.unlinkFile(`file${i}`));
    expect([now(root.entries()), roomIn(root)]).toEqual([[], room]);
  });

  test("what was cut off comes back as zeros, however the file grows", () => {
    const file = fileIn(createScratch(100_000), "a");
    const into = new Uint8Array(30);
    const content = (): string => {
      const count = now(file.read(into, 0));
      return Buffer.from(into.subarray(0, Number(count))).toString("latin1");
    };
    const write = (text: string, offset: number): unknown => now(file.write(Buffer.from(text), offset));
    write("abcdefghij", 0);
    now(file.setSize(3));
    write("X", 3);
    now(file.setSize(8));
    expect(content()).toBe("abcX\0\0\0\0");
    write("ABCDEFGHIJKLMNOPQRST", 0);
    now(file.setSize(2));
    write("z", 12);
    expect(content()).toBe(`AB${"\0".repeat(10)}z`);
    now(file.setSize(20));
    expect(content()).toBe(`AB${"\0".repeat(10)}z${"\0".repeat(7)}`);
    now(file.setSize(1));
    now(file.allocate(0, 4));
    expect(content()).toBe("A\0\0\0");
  });

  test("a random series of writes and sizes is as that of an array", () => {
    const random = createRandom();
    const file = fileIn(createScratch(1_000_000), "a");
    let expected: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const offset = random.below(300);
      if (random.below(2) === 0) {
        const bytes = Uint8Array.from({ length: 1 + random.below(100) }, () => random.below(256));
        now(file.write(bytes, offset));
        while (expected.length < offset) expected.push(0);
        bytes.forEach((byte, index) => {
          expected[offset + index] = byte;
        });
      } else {
        now(file.setSize(offset));
        expected = Array.from({ length: offset }, (_, index) => expected[index] ?? 0);
      }
      const into = new Uint8Array(500);
      const count = Number(now(file.read(into, 0)));
      expect([random.seed, i, ...into.subarray(0, count)]).toEqual([random.seed, i, ...expected]);
    }
  });

  test("a far offset is refused before anything is made for it", () => {
    const root = createScratch(100_000);
    const file = fileIn(root, "a");
    for (const offset of [2 ** 31, 2 ** 40, 2 ** 53 - 2])
      expect(now(file.write(new Uint8Array(1), offset))).toBe(nospc);
    expect(now(file.stat())).toMatchObject({ sizeBytes: 0n });
  });

  test("two of them are two devices, between which nothing moves", () => {
    const [one, two] = [createScratch(9999), createScratch(9999)];
    now(one.createDirectory("d"));
    expect(now(one.rename("d", two, "d"))).toBe(75);
    const devices = [one, two].map((root) => now(root.stat()));
    expect(devices[0]).not.toEqual(devices[1]!);
  });

  test("links that lead through many long links end", () => {
    const root = createScratch(1_000_000);
    now(root.createDirectory("d"));
    const long = "d/../".repeat(800);
    now(root.symlink(`${long}d`, "l0"));
    for (let i = 1; i < 10; i++) now(root.symlink(`${long}l${i - 1}`, `l${i}`));
    expect(now(root.statAt("l2", true))).toMatchObject({ type: 3 });
    expect(now(root.statAt("l9", true))).toBe(37);
  });
});
