/** The three streams of this process, for one guest. */
import type { Input } from "../wasi/index.ts";
import { ProcessInput } from "./process-input.ts";
import { ProcessOutput } from "./process-output.ts";
import { stdioDescriptor } from "./stdio-descriptor.ts";

export interface Stdio {
  readonly stdin: Input;
  readonly stdout: ProcessOutput;
  readonly stderr: ProcessOutput;
}

/**
 * Opens them. Two outputs that lead to the same pipe or terminal are one, so that neither overtakes the other; then,
 * as on stderr, writes always wait.
 */
export function openStdio(): Stdio {
  const [input, output, errors] = [stdioDescriptor(0), stdioDescriptor(1), stdioDescriptor(2)];
  const shared = output.stream !== undefined && output.stream === errors.stream;
  const stdout = new ProcessOutput(output, { alwaysWaits: shared });
  return {
    stdin: new ProcessInput(input),
    stdout,
    stderr: shared ? stdout : new ProcessOutput(errors, { alwaysWaits: true }),
  };
}
