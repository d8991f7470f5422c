/**
 * Clients that look whether every answer is of the release that it names, as a process of their own. Asks until its stdin
 * ends, then prints how many requests of each kind there were, and how many failed or were mixed.
 *
 *     bun scripts/bench/release-clients.ts PORT HOST NAMES.json [CLIENTS_EACH]
 *
 * NAMES.json: names of releases by what their x-emend-release says.
 */
import { readFileSync } from "node:fs";
import { startLoad } from "../../test/support/release-load.ts";

const [port, host = "", namesFile = "", clientsEach = "4"] = process.argv.slice(2);
const names = new Map<string, string>(Object.entries(JSON.parse(readFileSync(namesFile, "utf8"))));
const load = startLoad({
  port: Number(port),
  host,
  nameOf: (release) => names.get(release),
  clientsEach: Number(clientsEach),
  restMs: 1,
});
for await (const _ of Bun.stdin.stream());
await load.stop();
console.log(JSON.stringify(load.tallies));
process.exit();
