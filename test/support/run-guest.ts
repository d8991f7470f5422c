/** Runs of an instance outside of HTTP, with all that came out of them. */
import type { Instance, Outcome } from "../../src/guest/index.ts";
import { toByteString } from "../../src/wasi/index.ts";
import { TestInput, TestOutput } from "./host-fixture.ts";

/** What a run is given; what is left out is empty. */
export interface GuestRequest {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

/** All that a run showed. `stdout` and `stderr` are byte strings. */
export interface Transcript {
  readonly stdout: string;
  readonly stderr: string;
  readonly outcome: Outcome;
}

/** Runs an instance to its end. */
export async function runGuest(instance: Instance, request: GuestRequest = {}): Promise<Transcript> {
  const [stdout, stderr] = [new TestOutput(), new TestOutput()];
  const outcome = await instance.run({
    args: () => (request.args ?? ["guest.wasm"]).map(toByteString),
    environ: () => Object.entries(request.env ?? {}).map(([name, value]) => toByteString(`${name}=${value}`)),
    stdin: new TestInput().push(request.stdin ?? "").end(),
    stdout,
    stderr,
    preopens: () => [],
  });
  return { stdout: stdout.text, stderr: stderr.text, outcome };
}
