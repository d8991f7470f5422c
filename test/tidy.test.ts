/**
 * The rules of this repository that no compiler and no linter holds: which room may import which, what only one
 * of them may touch, no circles, no dead files, where things lie and what they are called.
 */
import { describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import {
  findCycle,
  type ImportStatement,
  importsOf,
  reachableFrom,
  readText,
  repositoryFiles,
  root,
} from "./support/import-graph.ts";

interface Room {
  /** Rooms whose index.ts may be imported. */
  readonly rooms: readonly string[];
  /** Of these only types: they are gone at run time. */
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
  /** Builtins of the runtime. */
  readonly builtins?: readonly string[];
}

const files = ["node:fs", "node:fs/promises", "node:path"];

/** The import table. `errors.ts` and `limits.ts` are open to all, and `version.ts` to whoever shows it. */
const rooms: Readonly<Record<string, Room>> = {
  // the floor
  bytes: { rooms: [], builtins: ["node:crypto"] },
  wasm: { rooms: ["bytes"] },
  wasi: { rooms: ["bytes"], packages: ["bun:ffi"], builtins: ["node:fs"] },
  // data plane
  guest: { rooms: ["bytes", "wasm", "wasi"], packages: ["bun", "bun:ffi"], builtins: ["node:fs"] },
  http: {
    rooms: ["bytes", "guest", "wasi", "log"],
    types: ["config"],
    packages: ["hono"],
    builtins: ["node:buffer", "node:fs", "node:net", "node:util", "node:zlib"],
  },
  lane: { rooms: ["http", "guest", "log"], types: ["wasi"] },
  // control plane
  config: { rooms: ["bytes", "trust"], packages: ["valibot", "@valibot/to-json-schema"] },
  release: { rooms: ["bytes", "config"], builtins: [...files, "node:timers/promises"] },
  trust: { rooms: ["bytes"], packages: ["valibot"], builtins: ["node:crypto"] },
  signing: { rooms: ["bytes", "trust"], builtins: ["node:crypto"] },
  state: { rooms: ["bytes"], builtins: files },
  store: {
    rooms: ["bytes", "state"],
    packages: ["bun:ffi", "bun:sqlite"],
    builtins: ["node:fs", "node:path"],
  },
  confine: { rooms: [], packages: ["bun:ffi"], builtins: ["node:fs", "node:path"] },
  events: { rooms: [], types: ["log"] },
  admin: {
    rooms: ["bytes", "events"],
    types: ["state"],
    packages: ["hono", "valibot", "@valibot/to-json-schema", "prom-client"],
  },
  update: {
    rooms: ["bytes", "config", "delta", "guest", "release", "store", "trust"],
    types: ["admin", "events", "log"],
    packages: ["bun:ffi"],
    builtins: ["node:buffer"],
  },
  // both
  delta: { rooms: ["bytes", "wasm"], packages: ["seek-bzip"], builtins: ["node:zlib"] },
  log: { rooms: [] },
  cli: {
    rooms: [
      "bytes",
      "wasm",
      "wasi",
      "guest",
      "http",
      "lane",
      "delta",
      "config",
      "release",
      "trust",
      "signing",
      "state",
      "admin",
      "events",
      "confine",
      "log",
    ],
    packages: ["commander", "valibot"],
    builtins: [...files, "node:net", "node:tty"],
  },
};

/** Doors beside index.ts, and why. */
const sideDoors: Readonly<Record<string, string>> = {
  "src/config/defaults.ts": "a start without a configuration file does not load the schemas",
  "src/store/has-journal.ts": "a start without a journal loads nothing else of the store",
};

/** Where programs begin: the executable's, and those of its threads (scripts/build.ts). */
const entries = ["src/main.ts", "src/wasi/files/host/disk-worker.ts", "src/update/update-worker.ts"];

const openToAll = ["src/errors.ts", "src/limits.ts"];

/** What of src's root a room may import beside these. */
const rootFiles: Readonly<Record<string, readonly string[]>> = {
  cli: ["src/embedded.ts", "src/runtime.ts", "src/version.ts"],
};

const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.endsWith("-fixture.ts");
/** Types of a package that has none. */
const isDeclaration = (path: string): boolean => path.endsWith(".d.ts");
/** Sources that are compiled elsewhere: AssemblyScript. */
const isGuest = (path: string): boolean => /^(assets|patches|test\/guests|src\/cli\/templates)\//.test(path);

const typescript = repositoryFiles.filter(
  (path) => path.endsWith(".ts") && !isDeclaration(path) && !isGuest(path),
);
const sources = typescript.filter((path) => path.startsWith("src/") && !isTest(path));
const tests = typescript.filter((path) => path.endsWith(".test.ts"));

const roomOf = (path: string): string => /^src\/([^/]+)\//.exec(path)?.[1] ?? "";
const packageOf = (name: string): string => name.split("/", name.startsWith("@") ? 2 : 1).join("/");

/** Why an import is not allowed; undefined when it is. */
function objection(statement: ImportStatement): string | undefined {
  const { from, to, isFile, typeOnly } = statement;
  const name = roomOf(from);
  const room = rooms[name];
  if (room === undefined) return `src/${name} is in no line of the import table`;
  if (!isFile) {
    const known = to.startsWith("node:")
      ? room.builtins?.includes(to)
      : room.packages?.includes(packageOf(to));
    return known ? undefined : `${name} may not import ${to}`;
  }
  const target = roomOf(to);
  if (target === name || openToAll.includes(to)) return undefined;
  if (target === "") return rootFiles[name]?.includes(to) ? undefined : `${name} may not import ${to}`;
  if (room.types?.includes(target) && !typeOnly) return `${name} may import only types of ${target}`;
  if (!room.rooms.includes(target) && !room.types?.includes(target))
    return `${name} may not import ${target}`;
  return to === `src/${target}/index.ts` || to in sideDoors
    ? undefined
    : `${target} is entered by its index.ts`;
}

/** Code without comments and types. A macro would be run, and from another place than its own. */
function codeOf(path: string): string {
  const text = readText(path).replace(' with { type: "macro" }', "");
  return new Bun.Transpiler({ loader: "ts" }).transformSync(text);
}

const filesThat = (match: RegExp, among: readonly string[]): string[] =>
  among.filter((path) => match.test(codeOf(path)));

describe("imports", () => {
  test("keep to the import table, and enter rooms by their index.ts", () => {
    const objections = sources
      .filter((path) => roomOf(path) !== "")
      .flatMap(importsOf)
      .flatMap((statement) => {
        const reason = objection(statement);
        return reason === undefined ? [] : [`${statement.from}: ${reason} (${statement.to})`];
      });
    expect(objections).toEqual([]);
  });

  test("are read off the sources at all", () => {
    const statements = sources.flatMap(importsOf);
    expect(statements.length).toBeGreaterThan(300);
    expect(statements.filter(({ typeOnly }) => typeOnly).length).toBeGreaterThan(30);
    expect(new Set(statements.map(({ from }) => roomOf(from))).size).toBe(Object.keys(rooms).length + 1);
    const from = "src/http/server.ts";
    const refused: [to: string, typeOnly: boolean][] = [
      ["src/release/index.ts", true],
      ["src/config/index.ts", false],
      ["src/guest/pool.ts", false],
      ["src/runtime.ts", false],
    ];
    for (const [to, typeOnly] of refused)
      expect(objection({ from, to, isFile: true, typeOnly })).toBeDefined();
    expect(objection({ from, to: "node:crypto", isFile: false, typeOnly: false })).toBeDefined();
  });

  test("of errors.ts, limits.ts and version.ts lead nowhere in src", () => {
    for (const path of [...openToAll, "src/version.ts"]) {
      expect(importsOf(path).filter(({ to }) => to.startsWith("src/") || to.startsWith("node:"))).toEqual([]);
    }
  });

  test("form no circle", () => {
    expect(findCycle(typescript)).toBeUndefined();
  });

  test("of builtins that a start does not need are made when they are needed: a bundle would hoist them", () => {
    const hoisted = /^import (?!type\b)[^;]*\bfrom "(node:)?(zlib|crypto|child_process)"/m;
    expect(sources.filter((path) => hoisted.test(readText(path)))).toEqual([]);
    expect(hoisted.test('import {\n  constants,\n} from "node:zlib";')).toBe(true);
  });

  test("lead to files that are there", () => {
    const missing = [...sources, ...typescript.filter((path) => path.startsWith("scripts/"))]
      .flatMap(importsOf)
      .filter(({ isFile, to }) => isFile && !repositoryFiles.includes(to));
    expect(missing).toEqual([]);
  });

  test("reach every file: of src from main.ts or a script, of the tests from a test", () => {
    const scripts = typescript.filter((path) => path.startsWith("scripts/"));
    const live = reachableFrom([...entries, ...scripts]);
    const tested = reachableFrom(tests);
    const dead = typescript.filter((path) => {
      if (sources.includes(path)) return !live.has(path);
      return !tested.has(path) && !scripts.includes(path);
    });
    expect(dead).toEqual([]);
  });
});

describe("what only one of them may do", () => {
  test("src/guest alone uses the WebAssembly API", () => {
    const users = filesThat(/\bWebAssembly\s*[.[]/, sources);
    expect(users.filter((path) => !path.startsWith("src/guest/"))).toEqual([]);
    expect(users.length).toBeGreaterThan(2);
  });

  test("the floor knows nothing of Bun, the process, the network or the disk, but for Bun's hasher", () => {
    const floor = sources.filter((path) => ["bytes", "wasm"].includes(roomOf(path)));
    expect(filesThat(/\b(Bun|process|Date|performance|fetch|setTimeout)\s*[.(]/, floor)).toEqual([
      "src/bytes/digest.ts",
    ]);
    expect([...new Set(codeOf("src/bytes/digest.ts").match(/\bBun\.\w+/g))]).toEqual(["Bun.CryptoHasher"]);
    expect(
      filesThat(
        /\bBun\./,
        sources.filter((path) => roomOf(path) === "wasi"),
      ),
    ).toEqual([]);
  });

  test("embedded.ts alone knows what the executable carries", () => {
    const carried = /\b(isStandaloneExecutable|embeddedFiles|openPayload)\b/;
    const users = filesThat(carried, sources).filter((path) => roomOf(path) !== "release");
    expect(users).toEqual(["src/embedded.ts"]);
  });

  test("main.ts alone ends the process, and runtime.ts and the command line alone wire the planes together", () => {
    const wiring = sources.filter((path) => {
      const targets = new Set(importsOf(path).map(({ to }) => roomOf(to)));
      return targets.has("lane") && (targets.has("release") || targets.has("admin"));
    });
    expect(wiring).toEqual(["src/runtime.ts"]);
  });
});

describe("files", () => {
  test("lie where the top level of the repository has a place for them", () => {
    const places = [
      ...["src", "assets", "patches", "scripts", "test", "bunfig.toml", "package.json", "tsconfig.json"],
      ...["README.md", "LICENSE", "CHANGELOG.md", "package-lock.json"],
      ...[".biome.json", ".ci", ".gitattributes", ".gitignore", ".readme"],
    ];
    const present = new Set(repositoryFiles.map((path) => path.split("/")[0]!));
    expect([...present].filter((name) => !places.includes(name))).toEqual([]);
  });

  test("have names in kebab-case that say what is in them", () => {
    const named = typescript.map((path) => path.replace(/(\.test)?\.ts$/, ""));
    expect(named.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\/[a-z0-9]+(-[a-z0-9]+)*)*$/.test(path))).toEqual(
      [],
    );
    const empty = /(^|\/)(utils?|helpers?|common|shared|lib|misc|types)(\/|$)/;
    expect(named.filter((path) => empty.test(path))).toEqual([]);
  });

  test("begin with a comment that says what they are; an index.ts only names what it lets out", () => {
    const bare = sources.filter((path) => !/^((#!|\/\/).*\n)*\/\*\*/.test(readText(path)));
    expect(bare.filter((path) => !path.endsWith("/index.ts"))).toEqual([]);
    const indexes = sources.filter(
      (path) => dirname(path) === `src/${roomOf(path)}` && path.endsWith("/index.ts"),
    );
    const busy = indexes.filter((path) =>
      /\bexport \*|\bexport (async )?(const|function|class)\b/.test(codeOf(path)),
    );
    // The command line's index is the command line.
    expect(busy).toEqual(["src/cli/index.ts"]);
  });

  test("of the tests stand beside what they test, or in a folder that says which kind they are", () => {
    const kinds = [
      "binary",
      "browser",
      "conformance",
      "contracts",
      "differential",
      "fuzz",
      "guests",
      "hammer",
      "hostile",
      "support",
    ];
    const folders = repositoryFiles.flatMap((path) => /^test\/([^/]+)\//.exec(path)?.[1] ?? []);
    expect([...new Set(folders)].filter((name) => !kinds.includes(name))).toEqual([]);
  });

  test("name no path of a machine and no registry but npm's", () => {
    const text = repositoryFiles.filter((path) => !/\.(wasm|bin|out|ico|png|woff2)$/.test(path));
    const checkout = root.split("/").length > 2 ? [root, `${dirname(root)}/`] : [];
    const home = /\/(home|Users)\/(?!me\/)[a-z]/;
    const registry =
      /https?:\/\/(?!registry\.npmjs\.org\/)[\w.-]*(registry|mirror|artifactory|nexus|verdaccio)/;
    const told = text.filter((path) => {
      const content = readText(path);
      return checkout.some((each) => content.includes(each)) || home.test(content) || registry.test(content);
    });
    // This file has to name what it looks for.
    expect(told.filter((path) => path !== "test/tidy.test.ts")).toEqual([]);
  });
});
