import { describe, expect, test } from "bun:test";
import { publish, startUpdateNode, temporaryState } from "../../test/support/update-node.ts";

const one = { "public/index.html": "<h1>one</h1>" };
const two = { "public/index.html": "<h1>two</h1>", "public/a.txt": "hi" };

describe("a patch", () => {
  test("turns the running site into the next release, and a rollback turns it back", async () => {
    await using node = await startUpdateNode({ sites: { default: one } });
    const patch = await publish(one, two);
    expect(await node.push(patch, "?dry-run=1")).toMatchObject({
      http: 200,
      body: { status: "checked", generation: 0 },
    });
    expect(await node.get("/")).toMatchObject({ text: "<h1>one</h1>" });
    const applied = await node.push(patch);
    expect(applied).toMatchObject({
      http: 200,
      body: { status: "applied", generation: 1, bytes: { patch: patch.length, full: 14 } },
    });
    expect(await node.get("/")).toEqual({
      http: 200,
      text: "<h1>two</h1>",
      release: applied.body.to.slice(7, 19),
    });
    expect(await node.get("/a.txt")).toMatchObject({ text: "hi" });
    const back = await node.admin("POST", "/v1/sites/default/rollback", "{}");
    expect(back.body).toMatchObject({
      status: "rolled-back",
      from: applied.body.to,
      to: applied.body.from,
      generation: 2,
    });
    expect(await node.get("/")).toMatchObject({ text: "<h1>one</h1>" });
    expect(await node.get("/a.txt")).toMatchObject({ http: 404 });
  });

  test("is there after a restart, and so is the next one, which builds on it", async () => {
    using state = temporaryState();
    const three = { ...two, "public/a.txt": "hello" };
    const steps = [
      { from: one, to: two, text: "hi" },
      { from: two, to: three, text: "hello" },
    ];
    for (const { from, to, text } of steps) {
      await using node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
      expect(await node.push(await publish(from, to))).toMatchObject({ http: 200 });
      await node.stop();
      await using again = await startUpdateNode({ sites: { default: one }, dir: state.dir });
      expect(await again.get("/a.txt")).toMatchObject({ text });
    }
  });
});
