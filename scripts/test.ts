/**
 * `npm test`: builds what the tests need (the executable too, unless it is of these sources already), runs
 * `bun test` with coverage and ends with one line, `N passed, N failed, N skipped`. Arguments are passed on:
 * `npm test -- src/wasm`.
 *
 * bun test prints its totals on stderr in a form of its own; the JUnit report is what can be relied on.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "./build.ts";
import { buildTestGuests } from "./build-test-guests.ts";

/** For one test: CI's machines are busy. */
const timeoutMs = 60_000;

/**
 * Processes that share the files. Each file also gets a heap of its own, without which the suite takes three times as
 * long: the engine collects garbage for each memory of a guest beyond the eighth, in all that the files before left.
 */
const workers = 2;

const filters = process.argv.slice(2);
await buildExecutable();
await buildTestGuests();

const scratch = mkdtempSync(join(tmpdir(), "emend-test-"));
const report = join(scratch, "junit.xml");
const coverage = filters.length === 0 ? ["--coverage"] : [];
const run = Bun.spawn(
  [
    process.execPath,
    "test",
    ...coverage,
    `--parallel=${workers}`,
    `--timeout=${timeoutMs}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...filters,
  ],
  { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, NODE_ENV: "test" } },
);
const exitCode = await run.exited;

const results = readFileSync(report, "utf8");
const totals = /<testsuites [^>]*>/.exec(results)?.[0] ?? "";
const count = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(totals)?.[1] ?? 0);
const [failed, skipped] = [count("failures"), count("skipped")];
const passed = count("tests") - failed - skipped;
rmSync(scratch, { recursive: true });

// Once more at the end, where the last lines of a long log still show them.
for (const [, name, file, line] of results.matchAll(
  /<testcase name="([^"]*)"[^>]* file="([^"]*)" line="(\d+)"[^>]*>\s*<failure/g,
))
  console.log(`failed: ${file}:${line} ${name}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(exitCode === 0 && passed === 0 ? 1 : exitCode);
