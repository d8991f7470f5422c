/**
 * Compiles what the executable carries: the handlers of the embedded site (`assets/`) and the prebuilt
 * handler that `emend init` writes, so that a new site answers before any toolchain is installed.
 */
import { compileGuests, guestsIn } from "./compile-guests.ts";

/** Brings `assets/*.wasm` and `dist/templates/hello.wasm` up to date. */
export async function buildAssets(): Promise<void> {
  await compileGuests([
    ...guestsIn("assets/handlers", "assets"),
    { source: "src/cli/templates/assemblyscript/hello.ts", output: "dist/templates/hello.wasm" },
  ]);
}

if (import.meta.main) await buildAssets();
