/**
 * `npm run bench:start`: from exec to the first 200 of a guest, emend with the site that it carries against a bare text
 * hello of Bun and Hono. The two take turns; each start is a new process on files that the system has in its cache.
 */
import { startChild } from "./child.ts";
import { emend, emendBuild, honoHello } from "./peers.ts";
import { median, numberOption, printReport, progress, round } from "./report.ts";

/** One start, milliseconds. */
interface Start {
  readonly listening: number;
  readonly firstAnswer: number;
}

const runs = numberOption("runs", 30);
const [bare, bareBytecode, guest] = [
  "Bun + Hono text",
  "Bun + Hono text, bytecode",
  "emend, /hello of its site",
];
const commands = [
  await honoHello(bare, { bytecode: false }),
  await honoHello(bareBytecode, { bytecode: true }),
  emend(guest, [], "/hello"),
];
const starts = new Map(commands.map(({ name }) => [name, [] as Start[]]));
for (let run = -2; run < runs; run++) {
  for (const command of commands) {
    progress(`start ${run + 1} of ${runs}: ${command.name}`);
    const child = await startChild(command);
    await child.stop();
    // The first two fill the system's caches, and emend's state directory.
    if (run >= 0)
      starts.get(command.name)!.push({ listening: child.listeningMs, firstAnswer: child.firstAnswerMs });
  }
}

const medianOf = (name: string, part: (start: Start) => number): number =>
  median(starts.get(name)!.map(part));
const whole = (name: string): number => medianOf(name, (start) => start.listening + start.firstAnswer);
printReport({
  benchmark: "exec to the first 200",
  rows: commands.map(({ name }) => ({
    program: name,
    "exec → listening ms": round(medianOf(name, (start) => start.listening)),
    "listening → 200 ms": round(medianOf(name, (start) => start.firstAnswer)),
    "exec → 200 ms": round(whole(name)),
    "fastest ms": round(Math.min(...starts.get(name)!.map((start) => start.listening + start.firstAnswer))),
    "of bare": round(whole(name) / whole(bare)),
  })),
  method: [
    `medians of ${runs} starts each, in turn; one connection is made when the line with the URL has arrived`,
    emendBuild,
    "bytecode: compiled with --bytecode, as emend is",
  ],
  targets: [{ what: "exec → 200: times the bare hello", measured: whole(guest) / whole(bare), atMost: 1.5 }],
});
process.exit();
