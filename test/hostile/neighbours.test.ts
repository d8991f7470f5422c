/**
 * Guests that take what they can get (CPU, memory, stack), all at once, on a node that has another site. What they may
 * use ends them, and the other site is asked and answers meanwhile, as does whoever asks for the node's state.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { kitGuest } from "../support/guests.ts";
import { RawConnection, type RawResponse, rawRequest, valuesOf } from "../support/raw-connection.ts";
import { patientBreaker, serveSites, waitFor } from "../support/serve-sites.ts";

const mib = 1024 * 1024;
const [cpuMs, timeoutMs] = [150, 400];
const route = (path: string, more = ""): string =>
  `[[route]]\npath = "/${path}"\nmodule = "${path.split("/")[0]}.wasm"\n${patientBreaker}${more}\n`;
const names = ["spin", "membomb", "recursion", "trap", "quirks"];

const node = await serveSites([
  { name: "healthy", hosts: ["healthy.test"], files: { "hello.wasm": kitGuest("c-hello") } },
  {
    name: "hostile",
    hosts: ["hostile.test"],
    files: Object.fromEntries(names.map((name) => [`${name}.wasm`, kitGuest(`c-${name}`)])),
    toml: [
      route("spin", `cpu_ms = ${cpuMs}\ntimeout_ms = 20000`),
      route("spin/late", `timeout_ms = ${timeoutMs}\ncpu_ms = 10000`),
      route("membomb", `cpu_ms = ${cpuMs}\ntimeout_ms = 20000\nmemory_max = "16 MiB"`),
      route("recursion", `timeout_ms = 20000`),
      route("trap", `timeout_ms = 20000`),
      route("quirks", `cpu_ms = 50`),
    ].join(""),
    limits: { memoryBytesMax: 64 * mib },
  },
]);
afterAll(() => node.stop());

const hostile = ["spin?0", "membomb?touch", "membomb?touch&hold", "recursion", "recursion?shadow", "trap"];
const ask = (host: string, target: string): Promise<RawResponse | undefined> =>
  rawRequest(node.port, `GET /${target}`, [`Host: ${host}.test`]);
const trafficOf = (name: string) => node.lane.status().find(({ site }) => site === name)!;

describe("hostile guests, all at once", () => {
  test("end for what they used, while a healthy site answers", async () => {
    let answered = 0;
    let isOver = false;
    const healthy = (async () => {
      while (!isOver) {
        const response = await ask("healthy", "hello");
        expect([response?.status, response?.body.toString()]).toEqual([200, "hello from c\n"]);
        answered++;
      }
    })();
    const all = hostile.flatMap((target) => Array.from({ length: 4 }, () => target));
    const statuses = await Promise.all(
      all.map(async (target) => [target, (await ask("hostile", target))?.status] as const),
    );
    isOver = true;
    await healthy;
    expect(answered).toBeGreaterThan(20);
    const allowed: Readonly<Record<string, readonly number[]>> = {
      "spin?0": [504],
      // All of them together want more than the site may have: then one gets no instance. A memory beyond the eighth
      // moves when it grows, which takes CPU.
      "membomb?touch": [200, 503, 504],
      "membomb?touch&hold": [504, 503],
      recursion: [502],
      "recursion?shadow": [502],
      trap: [502],
    };
    for (const [target, status] of statuses) expect(allowed[target]).toContain(status!);
    const { traffic, memory } = trafficOf("hostile");
    expect(traffic.cpuLimited).toBeGreaterThanOrEqual(4);
    expect(traffic.growthsRefused).toBeGreaterThan(0);
    expect(memory.peakBytes).toBeLessThanOrEqual(64 * mib);
    expect(trafficOf("healthy").traffic).toMatchObject({ status: { "5xx": 0 }, cpuLimited: 0 });
    await waitFor("their end", () => trafficOf("hostile").traffic.holding === 0);
  }, 60_000);

  test("say in the log which limit they met", async () => {
    for (const [target, words] of [
      ["spin?0", `over cpu_ms: ${cpuMs} ms of CPU`],
      ["spin/late?0", `over timeout_ms: no head in ${timeoutMs} ms`],
    ] as const) {
      expect((await ask("hostile", target))?.status).toBe(504);
      await node.record(({ reason }) => reason === words);
    }
  });

  test("are gone when their client is", async () => {
    const connection = await RawConnection.open(node.port);
    await connection.send("GET /spin/late?0 HTTP/1.1\r\nHost: hostile.test\r\n\r\n");
    await waitFor("its place", () => trafficOf("hostile").traffic.holding === 1);
    connection.abandon();
    await node.record(({ reason }) => reason === "the client went away");
    await waitFor("its end", () => trafficOf("hostile").traffic.holding === 0);
  });

  test("are cut when they are over their limit behind their head", async () => {
    const connection = await RawConnection.open(node.port);
    connection.drop();
    await connection.send("GET /quirks?big=1000000000000 HTTP/1.1\r\nHost: hostile.test\r\n\r\n");
    const { status } = await node.record(({ route }) => route === "/quirks");
    expect(status).toBe(200);
    await node.record(
      ({ route, reason }) => route === "/quirks" && String(reason).startsWith("over cpu_ms:"),
    );
    await waitFor("the end of the connection", () => connection.closed);
  });

  test("give their memory back", async () => {
    await waitFor("their end", () => trafficOf("hostile").memory.bytes < mib);
  });
});

test("a site that has all of its memory gets no further instance, and one again when a guest has ended", async () => {
  const limits = { memoryBytesMax: 200 * 1024 };
  const one = await serveSites([
    { files: { "sse.wasm": kitGuest("c-sse") }, toml: route("sse", "timeout_ms = 20000"), limits },
  ]);
  const stream = await RawConnection.open(one.port);
  await stream.send("GET /sse?1000,20 HTTP/1.1\r\nHost: h\r\n\r\n");
  await waitFor("its head", () => stream.receivedBytes > 0);
  const refused = await rawRequest(one.port, "GET /sse?1,0");
  expect([refused?.status, refused && valuesOf(refused, "retry-after")]).toEqual([503, ["1"]]);
  await one.record(({ reason }) => String(reason).includes("there is no room for an instance"));
  expect(one.lane.status()[0]?.traffic.shed).toBe(1);
  stream.abandon();
  await waitFor("the end of the first", () => one.pools()["sse.wasm"]?.live === 0);
  expect((await rawRequest(one.port, "GET /sse?1,0"))?.status).toBe(200);
  await one.stop();
});

test("a module that begins with more memory than its route allows is refused when the release is prepared", async () => {
  const files = { "hello.wasm": kitGuest("c-hello") };
  const toml = route("hello", 'memory_max = "64 KiB"');
  await expect(serveSites([{ files, toml }])).rejects.toMatchObject({
    code: "module.limit",
    message: expect.stringMatching(
      /^hello\.wasm: its memory begins with \d+ bytes; memory_max of route \/hello is 65536$/,
    ),
  });
});

test("answers tell what they cost where --watch wants it", async () => {
  const files = { "hello.wasm": kitGuest("c-hello") };
  const [shown, silent] = [
    await serveSites([{ files }], { costHeader: true }),
    await serveSites([{ files }]),
  ];
  const cost = async ({ port }: { port: number }): Promise<string[]> =>
    valuesOf((await rawRequest(port, "GET /hello"))!, "x-emend-cost");
  expect(await cost(shown)).toEqual([
    expect.stringMatching(/^cpu-us=\d+, fuel=[1-9]\d*, host=[1-9]\d*, memory=131\d{3}$/),
  ]);
  expect(await cost(silent)).toEqual([]);
  await Promise.all([shown.stop(), silent.stop()]);
});
