/** The scalars that the answers of the admin API are made of. */
import * as v from "valibot";

/** A number of things, of bytes or of a publisher's sequence. */
export const count: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A measure that may have a fraction, such as milliseconds. */
export const measure: v.GenericSchema<number> = v.pipe(v.number(), v.minValue(0));

/** A content digest. */
export const digest: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hexadecimal digits"),
);

/** A SHA-256 of a file. */
export const sha256: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
);

/** A moment, RFC 3339. */
export const moment: v.GenericSchema<string> = v.pipe(v.string(), v.isoTimestamp());
