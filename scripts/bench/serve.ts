/**
 * `npm run bench:serve`: a WAGI hello through emend, against a text hello of Bun and Hono without any isolation, the
 * same guest through @wasmer/wasi, and the same guest in fresh instances.
 */
import { type Child, startChild } from "./child.ts";
import { compare, generator, roundsMethod } from "./load.ts";
import { emend, emendBuild, honoHello, kitGuest, peer } from "./peers.ts";
import { printReport, round } from "./report.ts";

const hono = "Bun + Hono text";
const [c, rust, assemblyScript] = ["emend, C guest", "emend, Rust guest", "emend, AssemblyScript guest"];
const [wasmer, fresh] = ["@wasmer/wasi, C guest", "fresh instances, C guest"];

const commands = [
  await honoHello(hono, { bytecode: false }),
  emend(c, ["--preload", kitGuest("c-hello")], "/"),
  emend(rust, ["--preload", kitGuest("rust-hello")], "/"),
  emend(assemblyScript, ["--preload", kitGuest("as-hello")], "/"),
  peer(fresh, "fresh-instances.ts", kitGuest("c-hello")),
  peer(wasmer, "wasmer-wasi.ts", kitGuest("c-hello")),
];
const children: Child[] = [];
for (const command of commands) children.push(await startChild(command));

const measured = await compare(children);
const of = (name: string): { readonly requestsPerSecond: number; readonly cpuUs: number } =>
  measured.get(name)!;
for (const child of children) await child.stop();

printReport({
  benchmark: "WAGI hello",
  rows: children.map(({ name }) => ({
    server: name,
    "requests/s": Math.round(of(name).requestsPerSecond),
    "of Hono": round(of(name).requestsPerSecond / of(hono).requestsPerSecond),
    "CPU µs/request": round(of(name).cpuUs),
    "CPU of Hono": round(of(name).cpuUs / of(hono).cpuUs),
  })),
  method: [
    generator,
    roundsMethod,
    emendBuild,
    "CPU µs: user and system time of the server process, all threads",
  ],
  targets: [
    { what: `${c}: requests/s of Hono`, measured: ratio(c, hono), atLeast: 0.65 },
    { what: `${rust}: requests/s of Hono`, measured: ratio(rust, hono), atLeast: 0.4 },
    { what: `${c}: times the requests/s of @wasmer/wasi`, measured: ratio(c, wasmer), atLeast: 25 },
  ],
});
process.exit();

function ratio(name: string, other: string): number {
  return of(name).requestsPerSecond / of(other).requestsPerSecond;
}
