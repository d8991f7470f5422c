/** How a node ends: SIGTERM and SIGINT let requests in flight finish, for as long as the grace lasts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createScratch,
  isExecutableBuilt,
  type NodeProcess,
  type Scratch,
  startNode,
} from "../support/executable.ts";
import { RawConnection, rawRequest, valuesOf } from "../support/raw-connection.ts";
import { waitFor } from "../support/serve-sites.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch[Symbol.dispose]());

function startWithGrace(graceMs: number): Promise<NodeProcess> {
  const config = join(scratch.path, `grace-${graceMs}.toml`);
  writeFileSync(config, `[server]\nshutdown_grace_ms = ${graceMs}\n`);
  return startNode(["--config", config, "--ephemeral"]);
}

const head = (start: string, ...fields: string[]): string =>
  [`${start} HTTP/1.1`, "Host: h.test", ...fields, "", ""].join("\r\n");

/** A connection on which a handler has begun to stream. */
async function openStream(node: NodeProcess, count: number, pauseMs: number): Promise<RawConnection> {
  const stream = await RawConnection.open(node.port);
  await stream.send(head(`GET /stream?n=${count}&ms=${pauseMs}`));
  await waitFor("the first event", () => stream.receivedBytes > 200);
  return stream;
}

const refusesConnections = (node: NodeProcess): Promise<boolean> =>
  RawConnection.open(node.port).then(
    (connection) => {
      connection.abandon();
      return false;
    },
    () => true,
  );

const signals = ["SIGTERM", "SIGINT"] as const;

describe.skipIf(!isBuilt)("a signal", () => {
  for (const signal of signals) {
    test(`${signal} finishes what is in flight, takes nothing new and exits with 0`, async () => {
      await using node = await startNode(["--ephemeral"]);
      const idle = await RawConnection.open(node.port);
      await idle.send(head("GET /hello"));
      expect(valuesOf((await idle.response())!, "connection")).not.toContain("close");
      // A request whose body is still on its way when the signal comes.
      const upload = await RawConnection.open(node.port);
      await upload.send(head("POST /echo", "Content-Length: 6"));
      await upload.send("abc");
      const stream = await openStream(node, 4, 150);

      node.signal(signal);
      await node.record(({ event, cause }) => event === "stopping" && cause === signal);
      await waitFor("the listener to close", () => refusesConnections(node));
      const readyz = await node.ask("/readyz", {}).then(
        ({ status }) => status,
        () => "refused",
      );
      expect([503, "refused"]).toContain(readyz);

      await upload.send("def");
      const echoed = await upload.response("POST");
      expect([echoed?.status, echoed?.body.toString(), echoed?.complete]).toEqual([200, "abcdef", true]);

      const streamed = await stream.response();
      expect([streamed?.status, streamed?.complete]).toEqual([200, true]);
      expect(streamed?.body.toString().match(/"tick":/g)).toHaveLength(4);
      expect(await node.exited).toBe(0);
      await idle.untilClosed();
      expect(node.stderr()).toBe("");
    });
  }

  test("makes the answers that follow on old connections say Connection: close", async () => {
    await using node = await startNode(["--ephemeral"]);
    const stream = await openStream(node, 4, 150);
    const old = await RawConnection.open(node.port);
    // Half a request: the connection is in use when the signal comes.
    await old.send("GET /hello HTTP/1.1\r\nHost: h.test\r\n");
    await Bun.sleep(30);
    node.signal("SIGTERM");
    await node.record(({ event }) => event === "stopping");
    await old.send("\r\n");
    const answer = await old.response();
    // Whoever was not served was told so by the end of the connection, never by half an answer.
    if (answer !== undefined) {
      expect([answer.status, answer.complete, valuesOf(answer, "connection")]).toEqual([
        200,
        true,
        ["close"],
      ]);
    }
    expect((await stream.response())?.complete).toBe(true);
    expect(await node.exited).toBe(0);
  });

  test("with nothing in flight ends the node at once, whatever connections are open", async () => {
    await using node = await startNode(["--ephemeral"]);
    const idle = await RawConnection.open(node.port);
    await idle.send(head("GET /"));
    await idle.response();
    const silent = await RawConnection.open(node.port);
    await (await node.ask("/healthz", {})).text();
    const startedMs = performance.now();
    expect(await node.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(2000);
    await idle.untilClosed();
    silent.abandon();
  });

  test("cuts what is still going on when the grace is over", async () => {
    await using node = await startWithGrace(200);
    const stream = await openStream(node, 100, 1000);
    const startedMs = performance.now();
    node.signal("SIGTERM");
    expect(await node.exited).toBe(0);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(150);
    expect(tookMs).toBeLessThan(3000);
    const cut = await stream.response();
    expect([cut?.status, cut?.complete]).toEqual([200, false]);
  });

  for (const second of signals) {
    test(`a second one, ${second}, ends the node at once with 1`, async () => {
      await using node = await startWithGrace(60_000);
      const stream = await openStream(node, 100, 1000);
      node.signal("SIGTERM");
      await node.record(({ event }) => event === "stopping");
      expect(await node.stop(second)).toBe(1);
      expect((await stream.response())?.complete).toBe(false);
    });
  }

  test("leaves the port free for the next node", async () => {
    const first = await startNode(["--ephemeral"]);
    await rawRequest(first.port, "GET /hello");
    expect(await first.stop()).toBe(0);
    await using next = await startNode(["--ephemeral", "--addr", `127.0.0.1:${first.port}`]);
    expect(next.port).toBe(first.port);
    expect((await rawRequest(next.port, "GET /hello"))?.status).toBe(200);
  });
});
