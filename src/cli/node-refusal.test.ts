import { expect, test } from "bun:test";
import { NodeRefusal } from "./node-refusal.ts";

test("a refusal keeps a code that this program does not know", () => {
  const refusal = new NodeRefusal("patch.of-tomorrow", "expected something else");
  expect([refusal.code, refusal.message, refusal.name]).toEqual([
    "patch.of-tomorrow",
    "expected something else",
    "NodeRefusal",
  ]);
});
