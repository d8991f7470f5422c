import { expect, test } from "bun:test";
import { wantsColour } from "./wants-colour.ts";

test.each<[string, boolean, boolean, Record<string, string>]>([
  ["on a terminal", true, true, {}],
  ["with an empty NO_COLOR, which counts as unset", true, true, { NO_COLOR: "" }],
  ["with NO_COLOR", false, true, { NO_COLOR: "1" }],
  ["on a dumb terminal", false, true, { TERM: "dumb" }],
  ["in a pipe", false, false, {}],
])("wantsColour %s is %p", (_name, expected, isTerminal, environment) => {
  expect(wantsColour(isTerminal, environment)).toBe(expected);
});
