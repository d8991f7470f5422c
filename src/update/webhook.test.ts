import { describe, expect, test } from "bun:test";
import { callWebhook, type WebhookBody } from "./webhook.ts";

const body: WebhookBody = {
  ...{ text: "emend: it went", site: "default", event: "rolled-back", reason: "it failed" },
  ...{ release: "sha256:a", running: "sha256:b" },
};

/** An endpoint that answers as told, time after time, and then with 200. */
function endpoint(...answers: (() => Response)[]) {
  const bodies: unknown[] = [];
  const server = Bun.serve({
    port: 0,
    fetch: async (request) => {
      bodies.push(await request.json());
      return answers.shift()?.() ?? new Response("ok");
    },
  });
  return { url: server.url.href, bodies, [Symbol.asyncDispose]: () => server.stop(true) };
}

describe("callWebhook", () => {
  test("sends the verdict as JSON, once when it is taken", async () => {
    await using hook = endpoint();
    await callWebhook(body, { url: hook.url, report: () => expect.unreachable() });
    expect(hook.bodies).toEqual([body]);
  });

  test("tries again, and is content when it is taken then", async () => {
    await using hook = endpoint(
      () => new Response(null, { status: 500 }),
      () => new Response(null, { status: 429 }),
    );
    await callWebhook(body, { url: hook.url, report: () => expect.unreachable(), delaysMs: [1, 1, 1] });
    expect(hook.bodies.length).toBe(3);
  });

  test.each([
    ["always fails", () => new Response(null, { status: 500 }), "it answered 500"],
    ["leads elsewhere", () => Response.redirect("http://127.0.0.1:9/"), ""],
  ])("gives up on an endpoint that %s and says so", async (_name, answer, why) => {
    await using hook = endpoint(answer, answer, answer);
    const reports: string[] = [];
    await callWebhook(body, { url: hook.url, report: (message) => reports.push(message), delaysMs: [1, 1] });
    expect(hook.bodies.length).toBe(3);
    expect(reports).toEqual([expect.stringContaining(why)]);
    expect(reports[0]).toContain("emend: it went");
  });

  test("stops with the node", async () => {
    const ending = new AbortController();
    const call = callWebhook(body, {
      url: "http://127.0.0.1:9/",
      report: () => expect.unreachable(),
      delaysMs: [60_000],
      signal: ending.signal,
    });
    await Bun.sleep(20);
    ending.abort();
    await call;
  });
});
