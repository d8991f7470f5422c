/**
 * Metered ≡ original: a guest that is counted answers as one that is not, however small its slices are and wherever
 * they end, with its instance recycled or not, and leaves the same memories and globals. For every guest of the kit
 * and of `test/guests`, and for state that compilers rarely make.
 */
import { describe, expect, test } from "bun:test";
import { compileCommand, Instance, type Meter } from "../../src/guest/index.ts";
import { type AskedGuest, askedGuests } from "../support/asked-guests.ts";
import { type ExposedInstance, exposedInstance, withGlobalsExported } from "../support/exposed-instance.ts";
import { createRandom } from "../support/random.ts";
import { runGuest } from "../support/run-guest.ts";

const limits = { memoryPagesMax: 4096, tableEntriesMax: 1_000_000 };

/** Kinds of slices, by what happens between them. */
const meters: Readonly<Record<string, () => Meter>> = {
  "one slice": () => ({ sliceFuel: 2 ** 30, spent: () => 2 ** 30 }),
  "slices of 1,000 units": () => ({ sliceFuel: 1000, spent: () => 1000 }),
  "slices of any size, some suspended": () => {
    const random = createRandom(7);
    const size = (): number => 1 + random.below(50_000);
    return { sliceFuel: 300, spent: () => (random.below(5) === 0 ? Promise.resolve(size()) : size()) };
  },
};

/** Their memories hold the time, and seeds of hashes: no two runs are alike, metered or not. */
const varying = /^(c-clock|go-)/;

/** It needs the GC proposal, which is refused. */
const uncountable = "a reference that is found";

const guests = (await askedGuests()).filter(({ name }) => name !== uncountable);
expect(guests.length).toBeGreaterThan(30);

for (const [name, meter] of Object.entries(meters)) {
  describe(`in ${name}, metered ≡ original`, () => {
    for (const guest of guests) {
      test(guest.name, async () => {
        await holds(guest, meter());
      }, 60_000);
    }
  });
}

async function holds({ name, bytes, requests }: AskedGuest, meter: Meter): Promise<void> {
  const visible = withGlobalsExported(bytes);
  const original = await compileCommand(visible, name);
  const metered = await compileCommand(visible, name, { limits });
  let recycled = await exposedInstance(metered, meter);
  for (const request of requests) {
    const expected = await exposedInstance(original);
    const transcript = await runGuest(expected.instance, request);
    expect(await runGuest(recycled.instance, request)).toEqual(transcript);
    expect(recycled.instance.fuelUsed).toBeGreaterThan(0);
    if (!varying.test(name)) expect(stateOf(recycled)).toEqual(stateOf(expected));
    const restorable = expected.instance.restore();
    expect(recycled.instance.restore()).toBe(restorable);
    if (!restorable) recycled = await exposedInstance(metered, meter);
  }
  const [fresh, other] = [
    await Instance.create(metered, { meter }),
    await Instance.create(metered, { meter }),
  ];
  const request = requests[0]!;
  const answers = await Promise.all([runGuest(fresh, request), runGuest(other, request)]);
  expect(answers[0]).toEqual(answers[1]);
}

/** Digests of the memories, and the globals that JavaScript can read and compare. */
function stateOf(exposed: ExposedInstance): unknown {
  const globals = Object.entries(exposed.globals()).map(([name, value]) => [
    name,
    typeof value === "function" ? "function" : value,
  ]);
  return { memories: exposed.memories().map((each) => Bun.hash(each)), globals };
}
