/** Every wasm file within reach, for tests that have to hold on whatever compilers make. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildTestGuests } from "../../scripts/build-test-guests.ts";

const root = join(import.meta.dir, "../..");

export interface SampleModule {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The modules of the kit and of `test/guests`, and those of the whole kit on machines that have it. */
export async function sampleModules(): Promise<readonly SampleModule[]> {
  await buildTestGuests();
  const folders = ["test/guests/kit", "dist/test-guests", "../shared/guests", "../shared/pairs"];
  const samples = new Map<string, SampleModule>();
  for (const folder of folders.map((each) => join(root, each)).filter((each) => existsSync(each))) {
    for (const path of [...new Bun.Glob("**/*.wasm").scanSync(folder)].sort()) {
      const name = path.includes("bad-binary") ? `bad-binary/${basename(path)}` : path;
      if (!samples.has(name)) {
        samples.set(name, { name, bytes: new Uint8Array(readFileSync(join(folder, path))) });
      }
    }
  }
  return [...samples.values()];
}
