/** `emend apply`: the file that a delta makes from an old one. */
import { Command } from "commander";
import { applyDelta } from "../delta/index.ts";
import { EmendError } from "../errors.ts";
import { readInput } from "./delta-files.ts";
import { replaceFile } from "./replace-file.ts";

type Options = { output?: string; sourceSha256?: string; sha256?: string; json?: boolean };

const help = `
Examples:
  emend apply v1/app.wasm app.delta -o v2/app.wasm
  emend apply old.bin foreign.bsdiff -o new.bin --sha256 9f86d081…    a delta that carries no digest

Reads the deltas of emend diff, BSDIFF40 (Debian's bsdiff) and ENDSLEY/BSDIFF43 (mendsley, AOSP, hot-updater).
The format is found by itself. The output is written beside its name and renamed: a delta that is refused
leaves an old output alone.`;

/** The command `emend apply`. */
export function applyCommand(): Command {
  return new Command("apply")
    .description("apply a delta to a file")
    .argument("<old>", "the file that the delta was made from")
    .argument("<delta>", "the delta")
    .requiredOption("-o, --output <file>", "the file to write; an existing one is replaced")
    .option("--source-sha256 <hex>", "refuse unless the old file has this SHA-256", digest)
    .option("--sha256 <hex>", "refuse unless the result has this SHA-256", digest)
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(apply);
}

function digest(text: string): string {
  if (/^(sha256:)?[0-9a-f]{64}$/i.test(text)) return text.replace(/^sha256:/i, "").toLowerCase();
  throw new EmendError("usage", `expected 64 hexadecimal digits, found ${text}`);
}

async function apply(oldPath: string, deltaPath: string, options: Options): Promise<void> {
  const startMs = performance.now();
  const { target, sha256, format, verified } = await applyDelta(readInput(oldPath), readInput(deltaPath), {
    ...(options.sourceSha256 !== undefined && { sourceSha256: options.sourceSha256 }),
    ...(options.sha256 !== undefined && { sha256: options.sha256 }),
  });
  replaceFile(options.output!, target);
  if (!verified) {
    process.stderr.write(
      `emend: warning: a delta (${format}) without digests: nothing could be verified (see --sha256)\n`,
    );
  }
  if (options.json) {
    const ms = Math.round(performance.now() - startMs);
    console.log(
      JSON.stringify({ output: options.output, size: target.length, sha256, format, verified, ms }),
    );
  }
}
