/**
 * `emend init DIR`: a small site to start from. It answers at once in every language: a handler built from
 * the AssemblyScript template is written with it, and the first build of one's own takes its place.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { EmendError, messageOf } from "../errors.ts";
import { readTemplates } from "./templates.ts" with { type: "macro" };

const templates = readTemplates();

interface Language {
  readonly name: string;
  readonly source: string;
  readonly tools: string;
  readonly build: string;
}

/** A language that `emend init` has a template for. */
export type LanguageName = "assemblyscript" | "c" | "rust" | "go";

const languages: Readonly<Record<LanguageName, Language>> = {
  assemblyscript: {
    name: "AssemblyScript",
    source: "hello.ts",
    tools: "Node.js with npm",
    build: "npm install && npm run build",
  },
  c: {
    name: "C",
    source: "hello.c",
    tools: "the WASI SDK, or clang, lld and wasi-libc",
    build: "sh build.sh",
  },
  rust: {
    name: "Rust",
    source: "src/main.rs",
    tools: "Rust and once `rustup target add wasm32-wasip1`",
    build: "sh build.sh",
  },
  go: { name: "Go", source: "main.go", tools: "Go 1.24 or newer", build: "sh build.sh" },
};

/** The command: writes the files, then says what to type next. */
export function initCommand(): Command {
  return new Command("init")
    .summary("a small site to start from")
    .description("Write a small site to DIR: site.toml, public/, one handler and how to build it.")
    .argument("<dir>", "a directory that is empty or not there yet")
    .addOption(
      new Option("--lang <language>", "what the handler is written in")
        .choices(Object.keys(languages))
        .default("assemblyscript"),
    )
    .option("--json", "report as one JSON document on stdout")
    .addHelpText("after", "\nExamples:\n  emend init site\n  emend init site --lang rust\n")
    .action((directory: string, options: { lang: LanguageName; json?: true }) => {
      const files = initSite(directory, options.lang);
      const next = nextSteps(directory, options.lang);
      const report = options.json
        ? JSON.stringify({ directory, language: options.lang, files, next })
        : [`${directory}: ${files.join(", ")}`, "", "Next:", ...next.map((step) => `  ${step}`)].join("\n");
      process.stdout.write(`${report}\n`);
    });
}

/**
 * Writes the site and returns the paths written, sorted. `directory` may be missing, empty or a fresh git
 * repository; anything else is refused with `io`, as is what the file system refuses.
 */
export function initSite(directory: string, lang: LanguageName): readonly string[] {
  const files = siteFiles(lang);
  try {
    mkdirSync(directory, { recursive: true });
    const present = readdirSync(directory).filter((name) => name !== ".git");
    if (present.length > 0) {
      throw new EmendError("io", `${directory}: expected an empty directory, found ${present[0]} in it`);
    }
    for (const [path, contents] of files) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), contents, { flag: "wx" });
    }
  } catch (thrown) {
    if (thrown instanceof EmendError) throw thrown;
    throw new EmendError("io", `${directory}: cannot write the site: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  return [...files.keys()];
}

function siteFiles(lang: LanguageName): ReadonlyMap<string, string | Uint8Array> {
  const { gitignore, ...shared } = templates.folders.shared!;
  const texts = { ...shared, ".gitignore": gitignore!, ...templates.folders[lang] };
  const files: Record<string, string | Uint8Array> = {
    ...texts,
    "README.md": readme(shared["README.md"]!, lang),
    "hello.wasm": Buffer.from(templates.prebuilt, "base64"),
  };
  return new Map(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readme(text: string, lang: LanguageName): string {
  const { name, source, tools, build } = languages[lang];
  const prebuilt =
    lang === "assemblyscript"
      ? "The `hello.wasm` that came with this site is built from exactly this source."
      : `Until then \`hello.wasm\` is a stand-in built from AssemblyScript, so that the site answers at once.`;
  return text
    .replaceAll("@LANGUAGE@", name)
    .replaceAll("@SOURCE@", source)
    .replaceAll("@TOOLS@", tools)
    .replaceAll("@BUILD@", build)
    .replaceAll("@PREBUILT@", prebuilt);
}

function nextSteps(directory: string, lang: LanguageName): readonly string[] {
  const place = quoteForShell(directory);
  const { source, build } = languages[lang];
  const when =
    lang === "assemblyscript"
      ? `after changing ${source}`
      : `${source} takes the place of the prebuilt handler`;
  return [
    `emend serve ${place}`,
    `(cd ${place} && ${build})    # ${when}`,
    `emend build ${place} -o my-site`,
  ];
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
