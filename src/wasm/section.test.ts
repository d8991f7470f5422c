import { describe, expect, test } from "bun:test";
import { sampleModules } from "../../test/support/sample-modules.ts";
import { DecodeError } from "../bytes/index.ts";
import { moduleSectionsMax } from "../limits.ts";
import { decodeSections, encodeSections, makeSection, replaceSection, sectionId } from "./section.ts";

const magic = [0x00, 0x61, 0x73, 0x6d];
const header = [...magic, 1, 0, 0, 0];
const samples = (await sampleModules()).filter(({ name }) => !name.startsWith("bad-binary/"));

test("encodeSections of decodeSections is the module itself, for every module at hand", () => {
  expect(samples.length).toBeGreaterThan(30);
  const changed = samples.filter(
    ({ bytes }) => Buffer.compare(encodeSections(decodeSections(bytes)), bytes) !== 0,
  );
  expect(changed.map((each) => each.name)).toEqual([]);
}, 60_000);

test("encodeSections keeps lengths that are longer than they need to be", () => {
  const bytes = Uint8Array.from([...header, sectionId.memory, 0x83, 0x80, 0x00, 1, 0, 1]);
  expect(encodeSections(decodeSections(bytes))).toEqual(bytes);
  expect(decodeSections(bytes)[0]!.payloadOffset).toBe(12);
});

describe("decodeSections", () => {
  const refused: [name: string, bytes: number[], message: string][] = [
    ["an empty file", [], "an empty file at offset 0"],
    ["a text", [...Buffer.from("(module)")], 'no wasm magic ("\\0asm") at offset 0'],
    ["half a magic", magic.slice(0, 3), 'no wasm magic ("\\0asm") at offset 0'],
    ["a magic and no version", [...magic, 1, 0], "unexpected end at offset 6"],
    ["another version", [...magic, 2, 0, 0, 0], "wasm version 2 (1 was expected) at offset 4"],
    [
      "a component",
      [...magic, 0x0d, 0, 1, 0],
      "a component (a core module was expected; emend runs WASI preview 1)",
    ],
    ["an unknown section", [...header, 14, 0], "an unknown section id 14 at offset 8"],
    ["a section twice", [...header, 1, 1, 0, 1, 1, 0], "section 1 twice or out of order at offset 11"],
    ["sections out of order", [...header, 3, 1, 0, 1, 1, 0], "section 1 twice or out of order at offset 11"],
    ["a tag section behind the globals", [...header, 6, 1, 0, 13, 1, 0], "section 13 twice or out of order"],
    ["a data count behind the code", [...header, 10, 1, 0, 12, 1, 0], "section 12 twice or out of order"],
    ["a section longer than the file", [...header, 1, 5, 0], "5 bytes missing at offset 10"],
    ["a section of 4 GiB", [...header, 1, 0xff, 0xff, 0xff, 0xff, 0x0f], "4294967295 bytes missing"],
  ];
  for (const [name, bytes, message] of refused) {
    test(`refuses ${name}`, () => {
      const decode = (): unknown => decodeSections(Uint8Array.from(bytes));
      expect(decode).toThrow(DecodeError);
      expect(decode).toThrow(message);
    });
  }

  test("refuses more sections than anybody needs", () => {
    const custom = [0, 1, 0];
    const bytes = Uint8Array.from([
      ...header,
      ...Array(moduleSectionsMax + 1)
        .fill(custom)
        .flat(),
    ]);
    expect(() => decodeSections(bytes)).toThrow(`more than ${moduleSectionsMax} sections`);
    expect(decodeSections(bytes.subarray(0, -3))).toHaveLength(moduleSectionsMax);
  });
});

describe("replaceSection", () => {
  const empty = (id: number): ReturnType<typeof makeSection> => makeSection(id, Uint8Array.of(0));
  const present = [sectionId.custom, sectionId.type, sectionId.custom, sectionId.code, sectionId.custom].map(
    empty,
  );
  const places: [name: keyof typeof sectionId, ids: number[]][] = [
    ["type", [0, 1, 0, 10, 0]],
    ["import", [0, 1, 0, 2, 10, 0]],
    ["dataCount", [0, 1, 0, 12, 10, 0]],
    ["data", [0, 1, 0, 10, 0, 11]],
  ];
  for (const [name, ids] of places) {
    test(`puts a ${name} section where the order wants it`, () => {
      const section = makeSection(sectionId[name], Uint8Array.of(7));
      const replaced = replaceSection(present, section);
      expect(replaced.map((each) => each.id)).toEqual(ids);
      expect(replaced).toContain(section);
    });
  }

  test("puts a tag section between memory and globals", () => {
    const around = [sectionId.memory, sectionId.global].map(empty);
    expect(replaceSection(around, empty(sectionId.tag)).map((each) => each.id)).toEqual([5, 13, 6]);
  });
});
