import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmendError } from "../errors.ts";
import { initCommand, initSite, type LanguageName } from "./init.ts";

const scratch = mkdtempSync(join(tmpdir(), "emend-init-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const common = [".gitignore", "README.md", "hello.wasm", "public/index.html", "site.toml"];
const own: Record<LanguageName, readonly string[]> = {
  assemblyscript: ["cgi.ts", "hello.ts", "package.json", "tsconfig.json"],
  c: ["build.sh", "hello.c"],
  rust: ["Cargo.toml", "build.sh", "src/main.rs"],
  go: ["build.sh", "go.mod", "main.go"],
};

function refusal(act: () => unknown): EmendError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof EmendError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

describe("initSite", () => {
  for (const lang of Object.keys(own) as LanguageName[]) {
    test(`${lang}: writes the site, and nothing beside what it lists`, () => {
      const directory = join(scratch, "deep", lang);
      const files = initSite(directory, lang);
      expect([...files]).toEqual([...common, ...own[lang]].sort());
      const found = readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
      expect(found.sort()).toEqual([...files]);
    });

    test(`${lang}: site.toml names the handler and the page, and both are there`, () => {
      const directory = join(scratch, "deep", lang);
      const site = Bun.TOML.parse(readFileSync(join(directory, "site.toml"), "utf8"));
      expect(site).toEqual({ route: [{ path: "/hello", module: "hello.wasm" }], assets: { dir: "public" } });
      const module = new WebAssembly.Module(readFileSync(join(directory, "hello.wasm")));
      expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toContain("_start");
      const imports = new Set(WebAssembly.Module.imports(module).map((entry) => entry.module));
      expect([...imports]).toEqual(["wasi_snapshot_preview1"]);
    });

    test(`${lang}: the README speaks of this language and leaves no placeholder`, () => {
      const text = readFileSync(join(scratch, "deep", lang, "README.md"), "utf8");
      expect(text).not.toMatch(/@[A-Z]+@/);
      const source = own[lang].find((path) => /hello\.(ts|c)$|main\./.test(path))!;
      expect(text).toContain(`Edit \`${source}\``);
    });
  }

  test("takes an empty directory and a fresh git repository", () => {
    const directory = join(scratch, "repository");
    mkdirSync(join(directory, ".git"), { recursive: true });
    expect(initSite(directory, "c")).toContain("hello.c");
  });

  test("refuses a directory with something in it, and leaves it as it was", () => {
    const directory = join(scratch, "taken");
    mkdirSync(directory);
    writeFileSync(join(directory, "notes.txt"), "mine");
    const error = refusal(() => initSite(directory, "go"));
    expect(error.code).toBe("io");
    expect(error.message).toBe(`${directory}: expected an empty directory, found notes.txt in it`);
    expect(readdirSync(directory)).toEqual(["notes.txt"]);
  });

  test("refuses a path that is a file", () => {
    const path = join(scratch, "file");
    writeFileSync(path, "");
    const error = refusal(() => initSite(path, "rust"));
    expect(error.code).toBe("io");
    expect(error.message).toStartWith(`${path}: cannot write the site: `);
  });
});

describe("initCommand", () => {
  function run(...args: string[]): string {
    const written: string[] = [];
    const { write } = process.stdout;
    process.stdout.write = (chunk: unknown) => written.push(String(chunk)) > 0;
    try {
      initCommand()
        .exitOverride()
        .configureOutput({ writeErr: () => {} })
        .parse(args, { from: "user" });
    } finally {
      process.stdout.write = write;
    }
    return written.join("");
  }

  test("prints the commands to type next, with a directory that needs quotes quoted", () => {
    const directory = join(scratch, "my site");
    const text = run(directory);
    expect(text).toContain(`  emend serve '${directory}'\n`);
    expect(text).toContain("npm install && npm run build");
    expect(text).toContain(`  emend build '${directory}' -o my-site\n`);
  });

  test("--json prints one document", () => {
    const directory = join(scratch, "json");
    const report = JSON.parse(run(directory, "--lang", "c", "--json"));
    expect(report.files).toEqual([...common, ...own.c].sort());
    expect({ ...report, files: [] }).toEqual({
      directory,
      language: "c",
      files: [],
      next: [
        `emend serve ${directory}`,
        `(cd ${directory} && sh build.sh)    # hello.c takes the place of the prebuilt handler`,
        `emend build ${directory} -o my-site`,
      ],
    });
  });

  test("an unknown language is wrong usage", () => {
    expect(() => run(join(scratch, "never"), "--lang", "cobol")).toThrow(/Allowed choices/);
  });
});
