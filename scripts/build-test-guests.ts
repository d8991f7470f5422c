/** Compiles the guests that the tests are written against: `test/guests/*.ts` to `dist/test-guests/*.wasm`. */
import { compileGuests, guestsIn } from "./compile-guests.ts";

/** Brings `dist/test-guests/*.wasm` up to date. */
export async function buildTestGuests(): Promise<void> {
  await compileGuests(guestsIn("test/guests", "dist/test-guests"));
}

if (import.meta.main) await buildTestGuests();
