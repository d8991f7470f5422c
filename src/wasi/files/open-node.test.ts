import { describe, expect, test } from "bun:test";
import { OpenDirectory } from "./open-directory.ts";
import { OpenFile } from "./open-file.ts";
import { OpenNode, unsupported } from "./open-node.ts";

class PlainDirectory extends OpenDirectory {}
class PlainFile extends OpenFile {}

const operationsOf = (base: { readonly prototype: object }): string[] =>
  Object.getOwnPropertyNames(base.prototype).filter((name) => name !== "constructor" && name !== "close");

describe("a kind of file that overrides nothing answers ENOTSUP", () => {
  const kinds = [
    { node: new PlainDirectory(), operations: [...operationsOf(OpenNode), ...operationsOf(OpenDirectory)] },
    { node: new PlainFile(), operations: [...operationsOf(OpenNode), ...operationsOf(OpenFile)] },
  ];
  for (const { node, operations } of kinds) {
    test.each(operations)(`${node.constructor.name}: %s`, (name) => {
      const operation = (node as unknown as Record<string, () => unknown>)[name]!;
      expect(operation.call(node)).toBe(unsupported);
    });
  }

  test("and has nothing to let go of", () => {
    expect(new PlainFile().close()).toBeUndefined();
    expect(operationsOf(OpenDirectory)).toHaveLength(11);
  });
});
