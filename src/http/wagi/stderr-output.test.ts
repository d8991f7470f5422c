import { expect, test } from "bun:test";
import { StderrOutput } from "./stderr-output.ts";

const bytes = new TextEncoder().encode("..first\nsecond");

test("a guest's stderr becomes lines, never waits, and keeps its end", () => {
  const lines: string[] = [];
  const stderr = new StderrOutput({
    takes: () => true,
    line: (text) => {
      lines.push(text);
    },
  });
  let woken = 0;
  expect([stderr.tail(), stderr.ready()]).toEqual(["", true]);
  expect(stderr.write(bytes, 2, bytes.length)).toBe(bytes.length - 2);
  stderr.wait(() => {
    woken++;
  });
  expect([woken, stderr.ready(), stderr.tail()]).toEqual([1, true, "first\nsecond"]);
  expect(lines).toEqual(["first"]);
  stderr.end();
  expect(lines).toEqual(["first", "second"]);
});
