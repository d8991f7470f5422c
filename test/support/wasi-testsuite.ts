/**
 * Reads a directory of WebAssembly/wasi-testsuite (branch prod/testsuite-all, which holds the tests prebuilt): its
 * preview 1 tests lie in tests/LANGUAGE/testsuite/wasm32-wasip1/NAME.wasm, each with what it wants in NAME.json
 * where that is not the default. Format: doc/specification.md of the suite.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SuiteTest {
  /** `LANGUAGE/NAME`. */
  readonly id: string;
  readonly module: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Directories beside the module, preopened under their names. */
  readonly dirs: readonly string[];
  readonly exitCode: number;
  /** What the guest has to write; undefined where the test does not say. */
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

/** All preview 1 tests of a suite, in order of their ids. */
export function suiteTests(suite: string): SuiteTest[] {
  const languages = readdirSync(join(suite, "tests")).sort();
  return languages.flatMap((language) => {
    const directory = join(suite, "tests", language, "testsuite/wasm32-wasip1");
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((file) => file.endsWith(".wasm"))
      .sort()
      .map((file) => readTest(directory, language, file.slice(0, -".wasm".length)));
  });
}

function readTest(directory: string, language: string, name: string): SuiteTest {
  const file = join(directory, `${name}.json`);
  const config: Config = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const wanted = config.operations === undefined ? config : ofOperations(config.operations, file);
  return {
    id: `${language}/${name}`,
    module: join(directory, `${name}.wasm`),
    args: wanted.args ?? [],
    env: wanted.env ?? {},
    dirs: wanted.dirs ?? [],
    exitCode: wanted.exit_code ?? 0,
    stdout: wanted.stdout,
    stderr: wanted.stderr,
  };
}

/** The legacy form of NAME.json, and what the newer one comes to for a test without a network. */
interface Config {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly operations?: readonly Operation[];
}

type Operation =
  | ({ readonly type: "run" } & Pick<Config, "args" | "env" | "dirs">)
  | { readonly type: "wait"; readonly exit_code?: number }
  | { readonly type: "read"; readonly id?: "stdout" | "stderr"; readonly payload?: string };

function ofOperations(operations: readonly Operation[], file: string): Config {
  return Object.assign({}, ...operations.map((operation) => ofOperation(operation, file)));
}

function ofOperation(operation: Operation, file: string): Config {
  switch (operation.type) {
    case "run":
      return { args: operation.args ?? [], env: operation.env ?? {}, dirs: operation.dirs ?? [] };
    case "wait":
      return { exit_code: operation.exit_code ?? 0 };
    case "read":
      return { [operation.id ?? "stdout"]: operation.payload ?? "" };
    default:
      throw new Error(`${file}: no runner for the operation ${JSON.stringify(operation)}`);
  }
}

/** Copies of a test's directories, since tests write there; removed with `using`. */
export interface TestDirectories extends Disposable {
  /** The copy of each, by the name that the guest knows it by. */
  readonly paths: ReadonlyMap<string, string>;
}

/** Copies them to a place of their own, without what runs of other hosts left behind (`*.cleanup`). */
export function copyDirectories({ module, dirs }: SuiteTest): TestDirectories {
  const scratch = mkdtempSync(join(tmpdir(), "emend-wasi-testsuite-"));
  const paths = new Map(dirs.map((name) => [name, join(scratch, name)]));
  for (const [name, copy] of paths)
    cpSync(join(module, "..", name), copy, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith(".cleanup"),
    });
  return { paths, [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }) };
}
