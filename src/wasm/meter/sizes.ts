/** Memories and tables within the limits of their owner: maxima are clamped, what begins too large is refused. */
import { ByteWriter, Cursor } from "../../bytes/index.ts";
import { EmendError } from "../../errors.ts";
import { skipExpression } from "../module.ts";
import { makeSection, type Section, sectionId } from "../section.ts";
import { type Limits, readLimits } from "../size-limits.ts";
import { readValueType } from "../value-type.ts";

/**
 * The sections with no memory and no table allowed to grow beyond `max`, all of a kind together not larger to begin with.
 *
 * @throws EmendError `module.limit`
 */
export function clampSizes(
  sections: readonly Section[],
  max: { readonly memoryPages: number; readonly tableEntries: number },
): Section[] {
  return sections.map((section) => {
    if (section.id === sectionId.memory) return clamp(section, max.memoryPages, "memory", "pages of 64 KiB");
    if (section.id === sectionId.table) return clamp(section, max.tableEntries, "tables", "entries");
    return section;
  });
}

function clamp(section: Section, max: number, what: "memory" | "tables", unit: string): Section {
  const cursor = new Cursor(section.payload);
  const count = cursor.u32();
  const out = new ByteWriter().u32(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const start = cursor.offset;
    const initialised = what === "tables" && cursor.bytes[start] === 0x40;
    if (initialised) cursor.skip(2);
    if (what === "tables") readValueType(cursor);
    out.raw(cursor.bytes.subarray(start, cursor.offset));
    const limits = readLimits(cursor);
    sum += limits.min;
    writeClamped(out, limits, max);
    const rest = cursor.offset;
    if (initialised) skipExpression(cursor);
    out.raw(cursor.bytes.subarray(rest, cursor.offset));
  }
  if (sum > max)
    throw new EmendError(
      "module.limit",
      `its ${what} ${what === "memory" ? "begins" : "begin"} with ${sum} ${unit}; at most ${max} are allowed`,
    );
  return makeSection(section.id, out.finish());
}

function writeClamped(out: ByteWriter, { min, max }: Limits, allowed: number): void {
  out
    .u8(1)
    .u32(min)
    .u32(Math.min(max ?? allowed, allowed));
}
