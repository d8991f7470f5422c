import { expect, test } from "bun:test";
import { etagOf, listsEtag } from "./etag.ts";

const cases: readonly [fieldValue: string, weak: boolean, strong: boolean][] = [
  ['"abc"', true, true],
  ["*", true, true],
  [" * ", true, true],
  ['W/"abc"', true, false],
  ['"x", "abc" , "y"', true, true],
  ['"x",W/"abc"', true, false],
  ['W/"abc", "abc"', true, true],
  ['"abc-gzip"', false, false],
  ['"xabc"', false, false],
  ["abc", false, false],
  ['"*"', false, false],
  ["", false, false],
];

test.each(cases)('listsEtag of "abc" in %p', (fieldValue, weak, strong) => {
  const found = [
    listsEtag(fieldValue, etagOf("abc"), "weak"),
    listsEtag(fieldValue, etagOf("abc"), "strong"),
  ];
  expect(found).toEqual([weak, strong]);
});

test("etagOf is another tag for each coding", () => {
  expect([etagOf("abc"), etagOf("abc", "br")]).toEqual(['"abc"', '"abc-br"']);
});
