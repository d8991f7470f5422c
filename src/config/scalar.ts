/** Texts, integers and switches of a configuration file: what they must be, in words that fit after "expected". */
import * as v from "valibot";

/** Says what a text should have been, or undefined when it is fine. */
export type TextRule = (text: string) => string | undefined;

/**
 * A text that keeps a rule. `pattern` is what JSON Schema can say of the rule: a source that JavaScript and RE2
 * (Kubernetes) both read, so without look-around.
 */
export function text(expected: string, rule: TextRule, pattern?: string): v.GenericSchema<string> {
  return v.pipe(
    v.string(expected),
    v.check(
      (value) => rule(value) === undefined,
      (issue) => rule(issue.input) ?? expected,
    ),
    v.metadata(pattern === undefined ? {} : { pattern }),
  );
}

/** A text whose whole rule is a pattern. */
export function patternText(expected: string, pattern: RegExp): v.GenericSchema<string> {
  return text(expected, (value) => (pattern.test(value) ? undefined : expected), pattern.source);
}

/** An integer with both bounds included. */
export function integer(min: number, max: number): v.GenericSchema<number> {
  const expected = `an integer from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
}

/** A number with both bounds included. */
export function decimal(min: number, max: number): v.GenericSchema<number> {
  const expected = `a number from ${min} to ${max}`;
  return v.pipe(v.number(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** A switch. */
export function flag(): v.GenericSchema<boolean> {
  return v.boolean("true or false");
}

/** A text without NUL, which nothing that ends in a system call or a C string can hold. */
export function anyText(expected: string): v.GenericSchema<string> {
  const rule = (value: string) => (value.includes("\0") ? `${expected} without NUL` : undefined);
  return text(expected, rule);
}

/** The path of a file or directory on the node's own disk. */
export function diskPath(): v.GenericSchema<string> {
  const expected = "a path";
  return patternText(expected, /^[^\x00]+$/);
}

/** An optional key: what it means, and what holds without it (in the form that the file has). */
export function withDefault<Output>(
  description: string,
  schema: v.GenericSchema<unknown, Output>,
  fallback: boolean | number | string | object,
): v.GenericSchema<unknown, Output> {
  // Outside of the optional: JSON Schema of the input ends at the first conversion of a pipe.
  return v.pipe(v.optional(schema, fallback), v.description(description));
}

/** An optional key without a default. */
export function maybe<Output>(
  description: string,
  schema: v.GenericSchema<unknown, Output>,
): v.OptionalSchema<v.GenericSchema<unknown, Output>, undefined> {
  return v.pipe(v.optional(schema, undefined), v.description(description));
}

/** A key that must be there. */
export function required<Output>(
  description: string,
  schema: v.GenericSchema<unknown, Output>,
): v.GenericSchema<unknown, Output> {
  return v.pipe(schema, v.description(description));
}
