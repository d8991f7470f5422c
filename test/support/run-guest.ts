/** Runs of an instance outside of HTTP, with all that came out of them. */
import type { GuestRun, Outcome } from "../../src/guest/index.ts";
import { loadHostFiles, type Preopen, toByteString } from "../../src/wasi/index.ts";
import { noLimits } from "./guest-site.ts";
import { TestInput, TestOutput } from "./host-fixture.ts";

/** What a run is given; what is left out is empty. */
export interface GuestRequest {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Real directories, for reading and writing, by the name that the guest knows them by. */
  readonly dirs?: ReadonlyMap<string, string>;
}

/** All that a run showed. `stdout` and `stderr` are byte strings. */
export interface Transcript {
  readonly stdout: string;
  readonly stderr: string;
  readonly outcome: Outcome;
}

/** What can be run: an instance, or a guest. */
export interface Runnable {
  run(run: GuestRun): Outcome | Promise<Outcome>;
}

/** Runs an instance to its end. */
export async function runGuest(
  instance: Runnable,
  request: GuestRequest = {},
  limits: Partial<GuestRun> = {},
): Promise<Transcript> {
  const [stdout, stderr] = [new TestOutput(), new TestOutput()];
  const preopens = await openDirectories(request.dirs ?? new Map());
  const outcome = await instance.run({
    args: () => (request.args ?? ["guest.wasm"]).map(toByteString),
    environ: () => Object.entries(request.env ?? {}).map(([name, value]) => toByteString(`${name}=${value}`)),
    stdin: new TestInput().push(request.stdin ?? "").end(),
    stdout,
    stderr,
    preopens: () => preopens,
    ...noLimits,
    ...limits,
  });
  for (const { directory } of preopens) directory.close();
  return { stdout: stdout.text, stderr: stderr.text, outcome };
}

async function openDirectories(dirs: ReadonlyMap<string, string>): Promise<Preopen[]> {
  const { openHostDirectory } = await loadHostFiles();
  return [...dirs].map(([name, path]) => ({
    name,
    directory: openHostDirectory(path, { readOnly: false }),
    readOnly: false,
  }));
}
