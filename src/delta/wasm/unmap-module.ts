/** The node's side: gives a rewritten module its own values back. */
import { DecodeError } from "../../bytes/index.ts";
import { EmendError } from "../../errors.ts";
import { decodeMaps } from "./maps.ts";
import { rewriteModule } from "./rewrite-module.ts";

/** A byte of the rewritten module stands for at most so many: an index of one byte for one of seven. */
const growthMax = 8;

/**
 * Undoes `mapModule`: one pass over the module. Neither argument is trusted; whether the result is the one
 * that was meant is for its hash to say.
 *
 * @throws EmendError `delta.format` when the maps or the module's structure are malformed, `delta.bounds`
 *   when the result is larger than the maps say or than any module can become.
 */
export function unmapModule(rewritten: Uint8Array, maps: Uint8Array): Uint8Array<ArrayBuffer> {
  const { targetLength, spaces } = decodeMaps(maps);
  if (targetLength > rewritten.length * growthMax) {
    throw new EmendError(
      "delta.bounds",
      `expected at most ${rewritten.length * growthMax} bytes from a module of ${rewritten.length}, got ${targetLength}`,
    );
  }
  const target = rewrite(rewritten, spaces, "to-target", targetLength);
  if (target?.length !== targetLength) {
    throw new EmendError("delta.bounds", `expected a module of ${targetLength} bytes, got another length`);
  }
  return target;
}

function rewrite(...args: Parameters<typeof rewriteModule>): ReturnType<typeof rewriteModule> {
  try {
    return rewriteModule(...args);
  } catch (thrown) {
    if (thrown instanceof DecodeError)
      throw new EmendError("delta.format", thrown.message, { cause: thrown });
    throw thrown;
  }
}
