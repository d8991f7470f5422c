/**
 * `npm run bench:reset`: what a request costs in emend beside HTTP, in one process without sockets. The adapter makes
 * arguments, environment and response; the guest runs; the instance is put back.
 */
import { defaultSiteLimits } from "../../src/config/defaults.ts";
import { parseSiteConfig } from "../../src/config/index.ts";
import { compileCommand, GuestPool, Instance } from "../../src/guest/index.ts";
import { SiteAdmission } from "../../src/http/admission/index.ts";
import type { Call } from "../../src/http/call.ts";
import { createWagiHandler } from "../../src/http/wagi/index.ts";
import { createLogger } from "../../src/log/index.ts";
import { discardOutput, emptyInput, type Run } from "../../src/wasi/index.ts";
import { guestSite } from "../../test/support/guest-site.ts";
import { kitGuest } from "./peers.ts";
import { median, numberOption, printReport, progress, round } from "./report.ts";

/** The parts of a request's cost, CPU microseconds. */
interface Cost {
  readonly whole: number;
  readonly guest: number;
  readonly reset: number;
}

const rounds = numberOption("rounds", 15);
const requests = numberOption("requests", 4000);
/** As many headers as wrk sends, and none more: each is a variable that the guest may read. */
const url = "http://127.0.0.1:8080/";

/** Arguments and environment as the adapter makes them, made once. */
const environ = [
  "AUTH_TYPE=",
  "CONTENT_LENGTH=0",
  "CONTENT_TYPE=",
  "GATEWAY_INTERFACE=CGI/1.1",
  "HTTP_HOST=127.0.0.1:8080",
  "PATH_INFO=/",
  "PATH_TRANSLATED=/",
  "QUERY_STRING=",
  "REMOTE_ADDR=127.0.0.1",
  "REMOTE_HOST=127.0.0.1",
  "REMOTE_USER=",
  "REQUEST_METHOD=GET",
  "SCRIPT_NAME=",
  "SERVER_NAME=127.0.0.1",
  "SERVER_PORT=8080",
  "SERVER_PROTOCOL=HTTP/1.1",
  "SERVER_SOFTWARE=WAGI/1",
  "X_FULL_URL=http://127.0.0.1:8080/",
  "X_MATCHED_ROUTE=/*",
  "X_RAW_PATH_INFO=/",
];
const plainRun: Run = {
  args: () => ["/"],
  environ: () => environ,
  stdin: emptyInput,
  stdout: discardOutput,
  stderr: discardOutput,
  preopens: () => [],
};

const guests = [
  { name: "C", file: kitGuest("c-hello"), usMax: 5 },
  { name: "Rust", file: kitGuest("rust-hello"), usMax: 25 },
  { name: "AssemblyScript", file: kitGuest("as-hello"), usMax: undefined },
];
const subjects = await Promise.all(guests.map((guest) => prepare(guest.file)));
const samples: Cost[][] = guests.map(() => []);
for (let turn = -5; turn < rounds; turn++) {
  for (const [index, measure] of subjects.entries()) {
    progress(`${guests[index]!.name}: round ${turn + 1} of ${rounds}`);
    const cost = await measure();
    // The engine compiles what runs often while it runs: the first rounds are for that.
    if (turn >= 0) samples[index]!.push(cost);
  }
}

const results = guests.map((guest, index) => {
  const of = (part: keyof Cost): number => median(samples[index]!.map((each) => each[part]));
  return {
    ...guest,
    whole: of("whole"),
    guest: of("guest"),
    reset: of("reset"),
    host: of("whole") - of("guest"),
  };
});
printReport({
  benchmark: "adapter and reset, without sockets",
  rows: results.map(({ name, whole, guest, reset, host }) => ({
    guest: name,
    "whole request µs": round(whole),
    "guest runs µs": round(guest),
    "reset µs": round(reset),
    "adapter + reset µs": round(host),
  })),
  method: [
    `CPU time of the process, its collector included; medians of ${rounds} rounds of ${requests} requests in turn`,
    "whole request: from the request in hand to the response in hand and the instance put back",
    "guest runs: the same guest with its environment ready and its output dropped",
    "adapter + reset: whole request less the guest's run",
  ],
  targets: results.flatMap(({ name, host, usMax }) =>
    usMax === undefined
      ? []
      : [{ what: `${name} guest: adapter + reset, µs`, measured: host, atMost: usMax }],
  ),
});
process.exit();

/** Makes one guest ready and returns what measures it once. */
async function prepare(file: string): Promise<() => Promise<Cost>> {
  const compiled = await compileCommand(await Bun.file(file).bytes(), file);
  const [config] = parseSiteConfig('[[route]]\npath = "/*"\nmodule = "guest.wasm"\n', "site.toml").routes;
  const site = guestSite();
  const pool = new GuestPool(compiled, site);
  const guestLines = { takes: () => false, line: () => {} };
  const silent = createLogger({ format: "json", redact: [], write: () => undefined });
  const handler = createWagiHandler({
    config: config!,
    pool,
    site,
    showsCost: false,
    admission: new SiteAdmission("bench", defaultSiteLimits(), silent).route(config!),
    guestLines,
    preopens: () => [],
    underWay: new Set(),
    headers: { "x-emend-release": "0123456789ab" },
  });
  const instance = await Instance.create(compiled);
  instance.takeSnapshot();

  return async () => {
    const calls = Array.from({ length: requests }, makeCall);
    const whole = await cpuUs(async (index) => {
      const response = await handler.handle(calls[index]!);
      if (response.status !== 200)
        throw new Error(`${file} answered ${response.status}: ${calls[index]!.reason}`);
    });
    const reset = await cpuUs(() => void instance.restore());
    const both = await cpuUs(async () => {
      await instance.run(plainRun);
      instance.restore();
    });
    return { whole, reset, guest: both - reset };
  };
}

/** CPU time of one turn, microseconds. */
async function cpuUs(work: (index: number) => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < requests; index++) {
    const waits = work(index);
    if (waits !== undefined) await waits;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

function makeCall(): Call {
  return {
    request: new Request(url, { headers: { host: "127.0.0.1:8080" } }),
    target: { authority: "127.0.0.1:8080", path: "/", query: "", scheme: "http" },
    address: () => "127.0.0.1",
    keepOpen: () => {},
    startedMs: performance.now(),
    route: null,
    guestMs: undefined,
    bytes: 0,
    bytesIn: 0,
    tally: null,
    isProbe: false,
    blame: undefined,
    ticket: 0,
    reason: undefined,
    streams: false,
    failure: undefined,
    localRedirect: undefined,
    ended: () => {},
  };
}
