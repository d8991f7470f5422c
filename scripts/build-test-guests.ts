/**
 * Compiles the guests that the tests are written against: `test/guests/*.ts` to `dist/test-guests/*.wasm`, and
 * those that check preview 1 from inside to `dist/test-guests/preview1/*.wasm`.
 */
import { compileGuests, guestsIn } from "./compile-guests.ts";

/** What the guests of `test/guests/preview1` are made with; none of them is a guest itself. */
const preview1Parts = ["calls", "check", "errno", "tree"].map((name) => `test/guests/preview1/${name}.ts`);

/** Brings `dist/test-guests` up to date. */
export async function buildTestGuests(): Promise<void> {
  await compileGuests([
    ...guestsIn("test/guests", "dist/test-guests"),
    ...guestsIn("test/guests/preview1", "dist/test-guests/preview1", preview1Parts),
  ]);
}

if (import.meta.main) await buildTestGuests();
