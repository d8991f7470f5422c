import { expect, test } from "bun:test";
import { wantsColour } from "./wants-colour.ts";

test.each<[string, boolean, { isTTY?: boolean }, Record<string, string>]>([
  ["on a terminal", true, { isTTY: true }, {}],
  ["with an empty NO_COLOR, which counts as unset", true, { isTTY: true }, { NO_COLOR: "" }],
  ["with NO_COLOR", false, { isTTY: true }, { NO_COLOR: "1" }],
  ["on a dumb terminal", false, { isTTY: true }, { TERM: "dumb" }],
  ["in a pipe", false, { isTTY: false }, {}],
  ["in a file", false, {}, {}],
])("wantsColour %s is %p", (_name, expected, stream, environment) => {
  expect(wantsColour(stream, environment)).toBe(expected);
});
