/**
 * Metered ≡ original on random programs: the same end or trap, the same memory and globals, whatever the size of the
 * slices. EMEND_SEED repeats a run; EMEND_PROGRAMS=10000 makes it long.
 */
import { expect, test } from "bun:test";
import { compileCommand, type Meter, type Outcome } from "../../src/guest/index.ts";
import { assembleText } from "../support/assemble-text.ts";
import { exposedInstance, withGlobalsExported } from "../support/exposed-instance.ts";
import { createRandom } from "../support/random.ts";
import { randomModule } from "../support/random-module.ts";
import { runGuest } from "../support/run-guest.ts";

const programs = Number(Bun.env.EMEND_PROGRAMS ?? 150);
const limits = { memoryPagesMax: 4096, tableEntriesMax: 1000 };
/** Of calls in circles some programs make billions. */
const fuelMax = 3_000_000;

test(`${programs} random programs`, async () => {
  const random = createRandom();
  const kinds = { exit: 0, trap: 0, stopped: 0 };
  for (let index = 0; index < programs; index++) {
    const text = randomModule(random);
    const bytes = withGlobalsExported(await assembleText(text));
    const measured = await run(bytes, fuelMax);
    kinds[measured.outcome.kind]++;
    if (measured.outcome.kind === "stopped") continue;
    const slice = 1 + random.below(3000);
    const what = `program ${index} of EMEND_SEED=${random.seed}, slices of ${slice}\n${text}`;
    expect({ what, ...(await run(bytes, slice)) }).toEqual({ what, ...measured });
    expect({ what, ...(await run(bytes)) }).toEqual({ what, ...measured });
  }
  console.log(`ends of random programs: ${JSON.stringify(kinds)}`);
  expect(kinds.exit).toBeGreaterThan(programs / 4);
}, 600_000);

interface Result {
  readonly outcome: Outcome;
  readonly memories: readonly (number | bigint)[];
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Runs a program once: in slices of this size, or not metered at all. */
async function run(bytes: Uint8Array, slice?: number): Promise<Result> {
  // One that ended within the first, large slice also ends in small ones.
  const spent = (): number => (slice === fuelMax ? 0 : (slice ?? 0));
  const meter: Meter | undefined = slice === undefined ? undefined : { sliceFuel: slice, spent };
  const compiled = await compileCommand(bytes, "random", slice === undefined ? {} : { limits });
  const exposed = await exposedInstance(compiled, meter);
  const { outcome } = await runGuest(exposed.instance);
  if (outcome.kind === "stopped") return { outcome, memories: [], globals: {} };
  return { outcome, memories: exposed.memories().map((each) => Bun.hash(each)), globals: exposed.globals() };
}
