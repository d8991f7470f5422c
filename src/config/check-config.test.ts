/** Whatever the text or the values: a configuration or errors, never another throw. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EmendError } from "../errors.ts";
import { checkDocument } from "./check-config.ts";
import { nodeSchema, parseNodeConfig } from "./node-config.ts";
import { parseSiteConfig, siteSchema } from "./site-config.ts";

const text = `[[route]]
path = "/a/:b/*"
module = "a.wasm"
methods = ["GET"]
argv = ["\${ARGS}", 'x']
env = { A = "b" }
timeout_ms = 1_000
body_max = "1 MiB"
chunked = true
[assets]
cache = { "**" = "no-cache" }
[assets.headers."*.css"]
x-a = """
b"""
[server]
addr = ":80"
log = { format = "json" }
threads = 1
[[site]]
hosts = ["*.a"]
at = 2026-01-01T00:00:00Z
`;

const words = [
  ...[
    "route",
    "assets",
    "server",
    "site",
    "path",
    "module",
    "kind",
    "methods",
    "argv",
    "env",
    "timeout_ms",
    "body_max",
  ],
  ...[
    "dir",
    "cache",
    "headers",
    "addr",
    "admin",
    "admin_hosts",
    "threads",
    "trusted_proxies",
    "tls",
    "cert",
    "log",
  ],
  ...[
    "redact",
    "name",
    "hosts",
    "limits",
    "watch",
    "__proto__",
    "constructor",
    "toString",
    "",
    "a.b",
    "\u0000",
  ],
];

/** TOML values under keys that the schemas know or stumble over; dates are objects that are no tables. */
const { document } = fc.letrec<{ document: unknown; value: unknown }>((tie) => ({
  document: fc.dictionary(fc.constantFrom(...words), tie("value"), { maxKeys: 6, noNullPrototype: true }),
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>("/a", "a.wasm", "**", ":80", "1 KiB", "GET", "*", 1, 0),
    fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.boolean(), fc.integer()),
    fc.constant(Object.values(Bun.TOML.parse("a = 2026-01-01"))[0]),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("document"),
  ),
}));

function refusesOnlyByEmendError(toml: string): void {
  for (const parse of [parseSiteConfig, parseNodeConfig]) {
    try {
      parse(toml, "file");
    } catch (thrown) {
      if (!(thrown instanceof EmendError)) throw thrown;
      for (const line of thrown.message.split("\n")) expect(line).toStartWith("file: ");
    }
  }
}

describe("checkConfig", () => {
  test("survives texts with pieces cut out, doubled and put in", () => {
    const piece = fc.record({
      at: fc.nat(text.length),
      cut: fc.nat(20),
      put: fc.oneof(
        fc.string(),
        fc.constantFrom("[", "]", '"', "'''", "=", "\n", "{", "__proto__", "nan", "2026-01-01"),
      ),
    });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), (pieces) => {
        let toml = text;
        for (const { at, cut, put } of pieces) toml = toml.slice(0, at) + put + toml.slice(at + cut);
        refusesOnlyByEmendError(toml);
      }),
      { numRuns: 500 },
    );
  });

  test("survives any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), refusesOnlyByEmendError), {
      numRuns: 500,
    });
  });
});

describe("checkDocument", () => {
  test("survives any values under known keys, and tells each error once, with words", () => {
    fc.assert(
      fc.property(document, (values) => {
        for (const schema of [siteSchema, nodeSchema]) {
          const verdict = checkDocument<unknown>(schema, values);
          if (verdict.kind === "valid") continue;
          const lines = verdict.issues.map(({ path, message }) => `${path}: ${message}`);
          expect(new Set(lines).size).toBe(lines.length);
          for (const { message } of verdict.issues) expect(message).toMatch(/^expected .+, got /);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
