import { expect, test } from "bun:test";
import { type Coding, chooseForm, parseAcceptEncoding } from "./accept-encoding.ts";

const smallestFirst: { coding: Coding }[] = [{ coding: "br" }, { coding: "zstd" }, { coding: "gzip" }];

const cases: readonly [fieldValue: string | null, all: string | undefined, gzipOnly: string | undefined][] = [
  [null, "identity", "identity"],
  ["", "identity", "identity"],
  ["gzip, deflate, br, zstd", "br", "gzip"],
  ["GZIP", "gzip", "gzip"],
  ["x-gzip", "gzip", "gzip"],
  ["deflate", "identity", "identity"],
  ["*", "br", "gzip"],
  ["gzip;q=1.0, br;q=0.5", "gzip", "gzip"],
  ["br;q=0, *", "zstd", "gzip"],
  ["gzip;q=0", "identity", "identity"],
  ["gzip ; Q=0.001", "gzip", "gzip"],
  ["identity;q=0.9, gzip;q=0.5", "identity", "identity"],
  ["identity;q=0.5, gzip;q=0.5", "gzip", "gzip"],
  ["identity", "identity", "identity"],
  ["identity;q=0", undefined, undefined],
  ["identity;q=0, gzip", "gzip", "gzip"],
  ["*;q=0", undefined, undefined],
  ["br, *;q=0", "br", undefined],
  ["*;q=0, identity", "identity", "identity"],
  [",,;q=1,", "identity", "identity"],
  ["a".repeat(10_000), "identity", "identity"],
];

test.each(cases)("chooseForm for Accept-Encoding %p", (fieldValue, all, gzipOnly) => {
  const nameOf = (forms: { coding: Coding }[]) => {
    const form = chooseForm(parseAcceptEncoding(fieldValue), forms);
    return typeof form === "object" ? form.coding : form;
  };
  const found: (string | undefined)[] = [nameOf(smallestFirst), nameOf([{ coding: "gzip" }])];
  expect(found).toEqual([all, gzipOnly]);
});

test("parseAcceptEncoding gives the same weights however many values came before", () => {
  for (let i = 0; i < 1000; i++) parseAcceptEncoding(`gzip;q=0.${i + 1}`);
  expect(parseAcceptEncoding("gzip;q=0.25, br")).toEqual({ zstd: 0, br: 1, gzip: 0.25, identity: 0.0005 });
});
