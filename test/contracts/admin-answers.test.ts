/** The answers of a real node keep to the schemas of the admin API, from which its OpenAPI document is made. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GenericSchema, parse } from "valibot";
import {
  auditSchema,
  canaryStatusSchema,
  floorStatusSchema,
  nodeEventSchema,
  nodeStatusSchema,
  refusalAnswerSchema,
  releaseFilesSchema,
  releaseHistorySchema,
  reloadResultSchema,
  updateResultSchema,
} from "../../src/admin/index.ts";
import { type Files, publish, startUpdateNode, type UpdateNode } from "../support/update-node.ts";

const one: Files = { "public/index.html": "one" };
const two: Files = { "public/index.html": "two" };
const three: Files = { "public/index.html": "three" };
let onDisk = one;

let node: UpdateNode;
beforeAll(async () => {
  node = await startUpdateNode({ sites: { default: () => onDisk } });
});
afterAll(async () => {
  await node.stop();
});

/** The answer, which has to be what the schema makes of it. */
async function ask<Output>(
  schema: GenericSchema<unknown, Output>,
  line: string,
  body?: string | Uint8Array,
): Promise<Output> {
  const [method = "", path = ""] = line.split(" ");
  const sent = body instanceof Uint8Array ? new Blob([new Uint8Array(body)]) : body;
  const { body: answer } = await node.admin(method, path, sent);
  const parsed = parse(schema, answer);
  expect(parsed).toEqual(answer);
  return parsed;
}

describe("an update from its check to its rollback", () => {
  test("each answer has the form that the API promises", async () => {
    const patch = await publish(one, two);
    const patches = "POST /v1/sites/default/patches";
    expect((await ask(updateResultSchema, `${patches}?dry-run=1`, patch)).status).toBe("checked");
    const applied = await ask(updateResultSchema, patches, patch);
    expect(applied).toMatchObject({ status: "applied", bytes: { patch: patch.length } });

    const status = await ask(nodeStatusSchema, "GET /v1/status");
    expect(status.sites[0]).toMatchObject({ release: applied.to, sequence: applied.sequence });
    const { releases } = await ask(releaseHistorySchema, "GET /v1/sites/default/releases");
    expect(releases.map(({ state }) => state)).toContain("running");
    const { files } = await ask(releaseFilesSchema, `GET /v1/sites/default/releases/${applied.to}`);
    expect(files.map(({ path }) => path)).toEqual(["public/index.html"]);

    expect((await ask(refusalAnswerSchema, patches, patch)).error.code).toBe("patch.replayed");
    expect((await ask(refusalAnswerSchema, patches, patch.subarray(0, 30))).error.code).toBe(
      "patch.truncated",
    );

    const back = await ask(updateResultSchema, "POST /v1/sites/default/rollback", "{}");
    expect(back).toMatchObject({ status: "rolled-back", from: applied.to, to: applied.from });
    const floor = await ask(
      floorStatusSchema,
      "POST /v1/sites/default/floor",
      `{"to":${applied.sequence - 1}}`,
    );
    expect(floor.floor).toBe(applied.sequence - 1);
  });

  test("those of a canary have, too", async () => {
    const begun = await ask(
      updateResultSchema,
      "POST /v1/sites/default/patches?canary=50",
      await publish(one, three),
    );
    expect([begun.status, begun.canary?.state]).toEqual(["canary", "running"]);
    const status = await ask(nodeStatusSchema, "GET /v1/status");
    expect(status.sites[0]?.canary).toMatchObject({ state: "running", percent: 50 });
    const ended = await ask(canaryStatusSchema, "POST /v1/sites/default/canary/promote");
    expect(ended.state).toBe("promoted");
    const none = await ask(refusalAnswerSchema, "POST /v1/sites/default/canary/abort");
    expect(none.error.code).toBe("canary.none");
  });

  test("that of a reload has, too", async () => {
    onDisk = { "public/index.html": "four" };
    await ask(reloadResultSchema, "POST /_reload", "{}");
  });

  test("what was asked is in the audit, what happened in the events, each of its form", async () => {
    const { entries } = await ask(auditSchema, "GET /v1/audit");
    const actions = new Set(entries.map(({ action }) => action));
    expect(entries.every(({ actor }) => actor === "operator")).toBe(true);
    expect(actions.size).toBeGreaterThan(3);
    expect(entries.some(({ verdict }) => verdict === "patch.replayed")).toBe(true);

    const response = await fetch(new URL("/v1/events", node.running.admin ?? ""), {
      headers: { authorization: "Bearer the-token-of-the-tests", "last-event-id": "0" },
    });
    const reader = response.body?.getReader();
    const text = new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => {
      const event: unknown = JSON.parse(json ?? "");
      expect(parse(nodeEventSchema, event)).toEqual(event as never);
      return parse(nodeEventSchema, event).event;
    });
    for (const kind of ["staged", "committed", "refused", "rolled-back", "canary-started", "canary-promoted"])
      expect(events).toContain(kind as never);
    expect(events).toContain("reloaded");
  });
});
