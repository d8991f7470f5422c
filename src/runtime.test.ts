import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../test/support/serve-sites.ts";
import { startUpdateNode, temporaryState } from "../test/support/update-node.ts";

test("with --watch a change of the directory answers soon, and one that cannot be served changes nothing", async () => {
  using watched = temporaryState();
  let text = "one";
  const files = () => {
    if (text === "broken") throw new Error("a disk that fails");
    return { "public/v.txt": text };
  };
  await using node = await startUpdateNode({ sites: { default: files }, watched: watched.dir });
  const change = (to: string): void => {
    text = to;
    writeFileSync(join(watched.dir, "v.txt"), to);
  };
  change("two");
  await waitFor("the change", async () => (await node.get("/v.txt")).text === "two");
  change("broken");
  const problem = await waitFor("the problem", async () =>
    (await node.records()).find(({ event }) => event === "problem"),
  );
  expect(problem).toMatchObject({
    ...{ code: "watch", site: "default" },
    message: expect.stringContaining("the running release goes on: a disk that fails"),
  });
  expect((await node.get("/v.txt")).text).toBe("two");
  change("three");
  await waitFor("the next change", async () => (await node.get("/v.txt")).text === "three");
});
