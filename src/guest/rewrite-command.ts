/**
 * A module on its way to the engine: checked, metered where its instances are limited, its state exposed. This is all
 * that is done to its bytes, so what comes out can be kept beside them, and is by executables that carry a site.
 */
import { EmendError } from "../errors.ts";
import { guestMemoryPagesMax, guestTableEntriesMax, pageBytes, tableEntryBytes } from "../limits.ts";
import {
  type ExposedModule,
  exposeState,
  type MeterLimits,
  type ModuleInfo,
  meterModule,
  unrestorableState,
} from "../wasm/index.ts";
import { checkCommand, refuseMalformed } from "./check-module.ts";
import { linksOf } from "./link-module.ts";
import type { Metering } from "./meter.ts";
import type { RewriteOptions, RewrittenModule } from "./rewritten-module.ts";

/**
 * Checks and rewrites a command.
 *
 * @throws EmendError `module.invalid`, `module.import`, `module.limit`.
 */
export function rewriteCommand(bytes: Uint8Array, name: string, options: RewriteOptions): RewrittenModule {
  const info = checkCommand(bytes, name);
  const unrestorable = options.once ? ["it runs once"] : refuseMalformed(name, () => unrestorableState(info));
  const { exposed, metering } = rewrite(info, name, options.limits, unrestorable.length === 0);
  const exported = new Set(info.exports.flatMap((each) => (each.kind === "function" ? each.name : [])));
  const initializers = ["_initialize", "wizer.initialize"].filter((each) => exported.has(each));
  return {
    name,
    sizeBytes: bytes.length,
    memoryBytes: info.memories.reduce((sum, { min }) => sum + min * pageBytes, 0),
    tableBytes: info.tables.reduce((sum, { limits }) => sum + limits.min * tableEntryBytes, 0),
    bytes: exposed.bytes,
    links: linksOf(info.imports),
    exports: exposed.exports,
    initializers:
      exposed.exports.start === undefined ? initializers : [exposed.exports.start, ...initializers],
    unrestorable,
    metering,
  };
}

/** What any guest of a site may have at the most. What one really may is its route's, and looked at each time that it grows. */
const siteLimits: MeterLimits = {
  memoryPagesMax: guestMemoryPagesMax,
  tableEntriesMax: guestTableEntriesMax,
};

/** Rewrites a command that answers for a site, as `rewriteCommand` does: metered, and to be put back after each run. */
export function rewriteHandler(bytes: Uint8Array, name: string): RewrittenModule {
  return rewriteCommand(bytes, name, { limits: siteLimits });
}

function rewrite(
  info: ModuleInfo,
  name: string,
  limits: MeterLimits | undefined,
  globals: boolean,
): { exposed: ExposedModule; metering: Metering | undefined } {
  if (limits === undefined) return { exposed: exposeState(info, { globals }), metering: undefined };
  try {
    const { bytes, state, exports, tableEntries } = refuseMalformed(name, () =>
      meterModule(info, limits, { globals }),
    );
    return { exposed: { bytes, exports: state }, metering: { exports, tableEntries, limits } };
  } catch (error) {
    if (!(error instanceof EmendError) || error.message.startsWith(`${name}:`)) throw error;
    throw new EmendError(error.code, `${name}: ${error.message}`);
  }
}
