/** `[site.limits]` of emend.toml in the executable: from the file through a burst to `/v1/status`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "valibot";
import { nodeStatusSchema } from "../../src/admin/index.ts";
import {
  createScratch,
  isExecutableBuilt,
  runCommand,
  type Scratch,
  startNode,
} from "../support/executable.ts";
import { kitGuest } from "../support/guests.ts";

const isBuilt = isExecutableBuilt(import.meta.path);
const routes = (timeoutMs: number): string => `
[[route]]
path = "/hello"
module = "hello.wasm"
timeout_ms = ${timeoutMs}
[[route]]
path = "/trap"
module = "trap.wasm"
`;

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
  mkdirSync(join(scratch.path, "site"));
  for (const name of ["hello", "trap"]) {
    writeFileSync(join(scratch.path, `site/${name}.wasm`), kitGuest(`c-${name}`));
  }
  const limits = "[site.limits]\nrate_per_second = 20\nguest_timeout_ms_max = 2000\n";
  writeFileSync(
    join(scratch.path, "emend.toml"),
    `[server]\naddr = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n[[site]]\ndir = "site"\n${limits}`,
  );
});
afterAll(() => scratch[Symbol.dispose]());

const options = ["--config", "emend.toml", "--ephemeral"];

describe.skipIf(!isBuilt)("[site.limits]", () => {
  test("keep a site from starting that asks for more", async () => {
    writeFileSync(join(scratch.path, "site/site.toml"), routes(2001));
    const result = await runCommand(["serve", ...options], { cwd: scratch.path });
    expect([result.exitCode, result.stdout]).toEqual([1, ""]);
    expect(result.stderr).toContain(
      "site default: route /hello: timeout_ms is 2001, but the operator's guest_timeout_ms_max is 2000",
    );
  });

  test("let a burst have its rate; status and log tell of it and of a breaker that opened", async () => {
    writeFileSync(join(scratch.path, "site/site.toml"), routes(2000));
    await using node = await startNode(options, { cwd: scratch.path });
    for (let i = 0; i < 6; i++) {
      const response = await fetch(`${node.url}/trap`);
      const retryAfter = response.headers.get("retry-after");
      expect([response.status, retryAfter]).toEqual(i < 5 ? [502, null] : [503, "5"]);
    }
    const answers = await Promise.all(Array.from({ length: 40 }, () => fetch(`${node.url}/hello`)));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(15);
    expect(new Set(limited.map(({ headers }) => headers.get("retry-after")))).toEqual(new Set(["1"]));
    expect(answers.filter(({ status }) => status === 200).length).toBe(40 - limited.length);

    const [site] = parse(nodeStatusSchema, await (await node.ask("/v1/status")).json()).sites;
    expect(site?.traffic).toMatchObject({
      ...{ requests: 46, rateLimited: limited.length, breakerRefused: 1, traps: 5 },
      ...{ status: { "4xx": limited.length, "5xx": 6 }, inProgress: 0 },
    });
    const breaker = { state: "open", failuresInRow: 5, requests: 5, failures: 5, opened: 1 };
    expect(site?.routes.find(({ path }) => path === "/trap")).toMatchObject({ breakerRefused: 1, breaker });
    await node.record(
      ({ event, route, state }) => event === "breaker" && route === "/trap" && state === "open",
    );
  });
});
