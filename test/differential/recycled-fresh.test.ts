/**
 * Recycled ≡ fresh: whatever one instance was asked before, it answers as an instance that was made for this
 * request alone, and once it is put back its memories and globals are those of a new one, byte for byte. For every
 * guest of the kit and of `test/guests`, and for state that compilers rarely make, with few and with many memories
 * alive (from the ninth on the engine has another kind of memory).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CompiledModule, compileCommand, Instance } from "../../src/guest/index.ts";
import { type AskedGuest, askedGuests } from "../support/asked-guests.ts";
import { type ExposedInstance, exposedInstance, withGlobalsExported } from "../support/exposed-instance.ts";
import { kitGuest } from "../support/guests.ts";
import { type GuestRequest, runGuest } from "../support/run-guest.ts";

const guests = await askedGuests();
expect(guests.length).toBeGreaterThan(30);

for (const crowd of [0, 12]) {
  describe(`with ${crowd} other instances alive, recycled ≡ fresh`, () => {
    const others: Instance[] = [];
    beforeAll(async () => {
      const compiled = await compileCommand(kitGuest("c-hello"), "c-hello");
      for (let i = 0; i < crowd; i++) others.push(await Instance.create(compiled));
    });
    afterAll(() => {
      expect(others.splice(0)).toHaveLength(crowd);
    });

    for (const guest of guests) {
      test(guest.name, async () => {
        await holds(guest, crowd === 0 ? 4 : 3);
      }, 30_000);
    }
  });
}

/** Checks the property on `runs` random sequences of the guest's requests. */
async function holds(guest: AskedGuest, runs: number): Promise<void> {
  const compiled = await compileCommand(withGlobalsExported(guest.bytes), guest.name);
  expect(compiled.unrestorable).toEqual([]);
  const baseline = stateOf(await exposedInstance(compiled));
  const sequences = fc.array(fc.nat(guest.requests.length - 1), { minLength: 2, maxLength: 5 });
  const fresh = new Map<number, unknown>();
  await fc.assert(
    fc.asyncProperty(sequences, async (sequence) => {
      let recycled = await exposedInstance(compiled);
      for (const index of sequence) {
        const request = guest.requests[index]!;
        if (!fresh.has(index)) fresh.set(index, await freshTranscript(compiled, request));
        const transcript = await runGuest(recycled.instance, request);
        expect(transcript).toEqual(fresh.get(index) as typeof transcript);
        const grown = recycled.memories().some(({ length }, i) => length !== baseline.memories[i]!.length);
        // Only what trapped or grew may be refused: a guest that is never recycled would prove nothing.
        expect(recycled.instance.restore()).toBe(transcript.outcome.kind === "exit" && !grown);
        if (transcript.outcome.kind !== "exit" || grown) recycled = await exposedInstance(compiled);
        else expectState(recycled, baseline);
      }
    }),
    { numRuns: runs },
  );
}

async function freshTranscript(compiled: CompiledModule, request: GuestRequest): Promise<unknown> {
  return await runGuest(await Instance.create(compiled), request);
}

interface State {
  readonly memories: readonly Uint8Array[];
  readonly globals: Readonly<Record<string, unknown>>;
}

function stateOf(exposed: ExposedInstance): State {
  return { memories: exposed.memories().map((each) => each.slice()), globals: exposed.globals() };
}

function expectState(exposed: ExposedInstance, { memories, globals }: State): void {
  const differing = exposed.memories().map((bytes, index) => Buffer.compare(bytes, memories[index]!));
  expect(differing).toEqual(memories.map(() => 0));
  // A function that a global refers to is another object in each instance.
  const comparable = (value: unknown): unknown => (typeof value === "function" ? "function" : value);
  const shown = (all: Readonly<Record<string, unknown>>): unknown =>
    Object.entries(all).map(([name, value]) => [name, comparable(value)]);
  expect(shown(exposed.globals())).toEqual(shown(globals));
}
