import { afterAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { contentDigest, sha256Hex } from "../bytes/index.ts";
import { EmendError, type ErrorCode } from "../errors.ts";
import { type CollectedSite, collectDirectory } from "./collect.ts";

const scratch = mkdtempSync(join(tmpdir(), "emend-collect-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let sites = 0;

/** A directory with these files; a path that ends in `/` is an empty directory. */
function siteOf(files: Record<string, string>): string {
  sites += 1;
  const root = join(scratch, `site-${sites}`);
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(path.endsWith("/") ? file : dirname(file), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(file, text);
  }
  return root;
}

function pathsOf(site: CollectedSite): string[] {
  return [...site.files.keys()];
}

async function refusal(directory: string): Promise<{ code: ErrorCode; message: string }> {
  const error = await collectDirectory(directory).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EmendError);
  const { code, message } = error as EmendError;
  return { code, message };
}

const toml = '[[route]]\npath = "/api"\nmodule = "bin/api.wasm"\n';

describe("collectDirectory with files for a route's guests", () => {
  const withFiles = (...globs: string[]): string =>
    `[[route]]\npath = "/api"\nmodule = "api.wasm"\nfiles = ${JSON.stringify(globs)}\n`;
  const files = {
    "api.wasm": "api",
    "data/a.json": "1",
    "data/deep/b.json": "2",
    "data/deep/c.txt": "3",
    "data/.hidden": "4",
    "notes.txt": "5",
    "public/index.html": "6",
  };
  const always = ["api.wasm", "public/index.html", "site.toml"];
  const cases: [what: string, globs: string[], entering: string[]][] = [
    ["a directory", ["data/**"], ["data/a.json", "data/deep/b.json", "data/deep/c.txt"]],
    ["one level", ["data/*.json"], ["data/a.json"]],
    ["one name at every level", ["**/*.json"], ["data/a.json", "data/deep/b.json"]],
    ["one file", ["data/deep/c.txt"], ["data/deep/c.txt"]],
    ["a file at the top", ["notes.txt"], ["notes.txt"]],
    ["several globs, each file once", ["data/*", "data/a.*", "*.txt"], ["data/a.json", "notes.txt"]],
    ["what enters without it", ["public/*", "*.wasm"], []],
    ["what is not there", ["gone/**", "gone.txt", "notes.txt/**"], []],
    ["what never enters", ["data/.*", ".git/**"], []],
  ];
  for (const [what, globs, entering] of cases) {
    test(`takes ${what}: ${globs.join(" ")}`, async () => {
      const site = await collectDirectory(siteOf({ ...files, "site.toml": withFiles(...globs) }));
      expect(pathsOf(site)).toEqual([...always, ...entering].sort());
    });
  }

  test("says what it left out of what the globs match, and nothing of the rest", async () => {
    const root = siteOf({ ...files, ".other": "x", "site.toml": withFiles("data/**", "data/.*", ".git/**") });
    const { leftOut } = await collectDirectory(root);
    expect(leftOut).toEqual([
      { path: ".git/", reason: "a dotfile" },
      { path: "data/.hidden", reason: "a dotfile" },
    ]);
  });

  test("refuses a link that leads out of the site where a glob matches it, and only there", async () => {
    const root = siteOf({ ...files, "site.toml": withFiles("data/*.json") });
    symlinkSync("/etc/hostname", join(root, "data/out.txt"));
    expect(pathsOf(await collectDirectory(root))).toContain("data/a.json");
    symlinkSync("/etc/hostname", join(root, "data/out.json"));
    expect(await refusal(root)).toMatchObject({ code: "io" });
  });
});

describe("collectDirectory with a site.toml", () => {
  test("takes it, the modules it names and public/, and nothing else", async () => {
    const site = await collectDirectory(
      siteOf({
        "site.toml": toml,
        "bin/api.wasm": "api",
        "bin/other.wasm": "other",
        "top.wasm": "top",
        "notes.txt": "notes",
        "public/index.html": "hello",
        "public/a b/ü%.css": "x",
        "public/empty": "",
      }),
    );
    expect(pathsOf(site)).toEqual([
      "bin/api.wasm",
      "public/a b/ü%.css",
      "public/empty",
      "public/index.html",
      "site.toml",
    ]);
    expect(site.config.routes.map(({ module }) => module)).toEqual(["bin/api.wasm"]);
    expect(site.digest).toBe(contentDigest(site.files.values()));
  });

  test("takes the directory that [assets] names, at any depth", async () => {
    const site = await collectDirectory(
      siteOf({ "site.toml": '[assets]\ndir = "out/web"\n', "out/web/a/b/c": "1", "public/index.html": "no" }),
    );
    expect(pathsOf(site)).toEqual(["out/web/a/b/c", "site.toml"]);
  });

  test("takes a module once that two routes name, or that lies among the assets", async () => {
    const site = await collectDirectory(
      siteOf({
        "site.toml":
          '[[route]]\npath = "/a"\nmodule = "public/a.wasm"\n[[route]]\npath = "/b"\nmodule = "public/a.wasm"\n',
        "public/a.wasm": "a",
      }),
    );
    expect(pathsOf(site)).toEqual(["public/a.wasm", "site.toml"]);
  });

  const refused: [what: string, files: Record<string, string>, code: ErrorCode, message: RegExp][] = [
    [
      "a missing module",
      { "site.toml": toml },
      "site.config",
      /module "bin\/api.wasm": there is no such file/,
    ],
    ["a module that is a directory", { "site.toml": toml, "bin/api.wasm/": "" }, "io", /found a directory/],
    ["a broken site.toml", { "site.toml": "[[route]\n" }, "site.config", /site\.toml/],
    ["a site.toml that is a directory", { "site.toml/": "" }, "io", /site\.toml: expected a regular file/],
    ["assets that are a file", { "site.toml": "", public: "x" }, "io", /public: it is not a directory/],
    [
      "a module in a state directory",
      {
        "site.toml": '[[route]]\npath = "/"\nmodule = "state/a.wasm"\n',
        "state/a.wasm": "",
        "state/node-id": "",
      },
      "site.config",
      /never enters a release \(the state of a node\)/,
    ],
    [
      "assets that are a state directory",
      { "site.toml": "", "public/node-id": "x" },
      "site.config",
      /expected assets, found the state of a node/,
    ],
    [
      "names that are equal when case is folded",
      { "site.toml": "", "public/a": "1", "public/A": "2" },
      "patch.path",
      /case is folded/,
    ],
    ["a name with a backslash", { "site.toml": "", "public/a\\b": "" }, "patch.path", /backslash/],
    ["a name with a line feed", { "site.toml": "", "public/a\nb": "" }, "patch.path", /control/],
    ["a name out of normal form", { "site.toml": "", "public/e\u0301": "" }, "patch.path", /normal form C/],
  ];
  for (const [what, files, code, message] of refused) {
    test(`refuses ${what}`, async () => {
      const found = await refusal(siteOf(files));
      expect(found.code).toBe(code);
      expect(found.message).toMatch(message);
    });
  }

  test("refuses a name that is not UTF-8", async () => {
    const root = siteOf({ "site.toml": "", "public/": "" });
    writeFileSync(Buffer.concat([Buffer.from(join(root, "public/a")), Buffer.from([0xff])]), "");
    expect(await refusal(root)).toEqual({
      code: "patch.path",
      message: expect.stringContaining("valid UTF-8"),
    });
  });
});

describe("collectDirectory without a site.toml", () => {
  test("takes public/ and the modules at the top", async () => {
    const site = await collectDirectory(
      siteOf({
        "hello.wasm": "",
        "bin/x.wasm": "",
        "public/index.html": "",
        "a.txt": "",
        ".hidden.wasm": "",
      }),
    );
    expect(pathsOf(site)).toEqual(["hello.wasm", "public/index.html"]);
    expect(site.config.routes.map(({ path, module }) => [path, module])).toEqual([
      ["/hello/*", "hello.wasm"],
    ]);
  });

  test("refuses a directory that holds no site", async () => {
    const { code, message } = await refusal(siteOf({ "a.txt": "", "public/": "" }));
    expect(code).toBe("site.config");
    expect(message).toContain("holds no site: expected site.toml, public/ with files, or a NAME.wasm");
  });
});

describe("collectDirectory on what never enters", () => {
  test("leaves out dotfiles, keys and state at every depth, and says so", async () => {
    const site = await collectDirectory(
      siteOf({
        "site.toml": "",
        "public/index.html": "",
        "public/.env": "SECRET",
        "public/.git/config": "",
        "public/a/.b": "",
        "public/.well-known/security.txt": "",
        "public/.well-known/.hidden": "",
        "public/site.key": "",
        "public/a/SITE.KEY": "",
        "public/keys.key/inner": "",
        "public/emend-state/tokens": "",
        "public/elsewhere/node-id": "",
        "public/elsewhere/tokens": "",
        "public/a/monkey": "",
      }),
    );
    expect(pathsOf(site)).toEqual([
      "public/.well-known/security.txt",
      "public/a/monkey",
      "public/index.html",
      "site.toml",
    ]);
    expect(site.leftOut).toEqual([
      { path: "public/.env", reason: "a dotfile" },
      { path: "public/.git/", reason: "a dotfile" },
      { path: "public/.well-known/.hidden", reason: "a dotfile" },
      { path: "public/a/.b", reason: "a dotfile" },
      { path: "public/a/SITE.KEY", reason: "a secret key" },
      { path: "public/elsewhere/", reason: "the state of a node" },
      { path: "public/emend-state/", reason: "the state of a node" },
      { path: "public/keys.key/", reason: "a secret key" },
      { path: "public/site.key", reason: "a secret key" },
    ]);
  });
});

describe("collectDirectory on symbolic links", () => {
  test("takes a link to a file of the site as that file", async () => {
    const root = siteOf({ "site.toml": "", "public/app-1.js": "one" });
    symlinkSync("app-1.js", join(root, "public/app.js"));
    const site = await collectDirectory(root);
    expect(pathsOf(site)).toEqual(["public/app-1.js", "public/app.js", "site.toml"]);
    expect(await site.files.get("public/app.js")?.blob.text()).toBe("one");
  });

  test("follows a link to the site itself", async () => {
    const root = siteOf({ "public/a": "1" });
    symlinkSync(root, `${root}-link`);
    expect((await collectDirectory(`${root}-link`)).root).toBe(root);
  });

  const refused: [what: string, at: string, target: string, message: RegExp][] = [
    [
      "a link that leads out",
      "public/x",
      "/etc/passwd",
      /must stay inside the site, this one leads to \/etc\/passwd/,
    ],
    [
      "a link to a sibling with the site's name as prefix",
      "public/x",
      "../../SIBLING/secret",
      /must stay inside/,
    ],
    ["a link to a secret", "public/x", "../site.key", /never enters a release \(a secret key\)/],
    ["a link to a dotfile", "public/x", "../.env", /never enters a release \(a dotfile\)/],
    ["a link to a directory", "public/x", "sub", /must lead to a file, this one leads to a directory/],
    ["a dangling link", "public/x", "nowhere", /it does not exist/],
    ["a link to itself", "public/x", "x", /symbolic links/],
    ["a linked directory of assets", "public", "elsewhere", /must not be behind a symbolic link/],
  ];
  for (const [what, at, target, message] of refused) {
    test(`refuses ${what}`, async () => {
      const files: Record<string, string> = {
        "site.toml": "",
        "site.key": "k",
        ".env": "e",
        "elsewhere/a": "1",
      };
      if (at !== "public") files["public/sub/a"] = "1";
      const root = siteOf(files);
      mkdirSync(`${root}-twin`);
      writeFileSync(`${root}-twin/secret`, "s");
      symlinkSync(target.replace("SIBLING", `site-${sites}-twin`), join(root, at));
      const found = await refusal(root);
      expect(found.code).toBe("io");
      expect(found.message).toMatch(message);
    });
  }
});

describe("collectDirectory on the disk", () => {
  test("refuses a missing directory, and a file in its place", async () => {
    expect(await refusal(join(scratch, "none"))).toEqual({
      code: "io",
      message: `cannot read the site ${join(scratch, "none")}: it does not exist`,
    });
    const file = join(siteOf({ "a.wasm": "" }), "a.wasm");
    expect((await refusal(file)).message).toBe(
      `cannot read the site ${file}: expected a directory, found a file`,
    );
  });

  test("refuses a FIFO instead of waiting for somebody to write to it", async () => {
    const root = siteOf({ "site.toml": "", "public/a": "" });
    expect(Bun.spawnSync(["mkfifo", join(root, "public/pipe")]).exitCode).toBe(0);
    expect((await refusal(root)).message).toContain("expected a regular file, found a FIFO");
  });

  const isRoot = process.getuid?.() === 0;
  if (isRoot) console.log("collect.test.ts: what it may not read is skipped: root may read everything");
  test.skipIf(isRoot)("refuses what it may not read", async () => {
    const root = siteOf({ "site.toml": "", "public/a": "", "public/sub/b": "" });
    expect(Bun.spawnSync(["chmod", "000", join(root, "public/sub")]).exitCode).toBe(0);
    expect((await refusal(root)).message).toContain("public/sub: permission denied");
    Bun.spawnSync(["chmod", "755", join(root, "public/sub")]);
  });

  test("hashes a large file in pieces", async () => {
    const root = siteOf({ "site.toml": "", "public/big": "" });
    truncateSync(join(root, "public/big"), 200 * 1024 * 1024);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    const file = (await collectDirectory(root)).files.get("public/big");
    // head -c 209715200 /dev/zero | sha256sum
    expect(file?.sha256).toBe("72abf2ca8f36943ebe2e49ca3a51d409ca5f0bfcffab6c9d25643c17c32889da");
    expect(file?.size).toBe(200 * 1024 * 1024);
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * 1024 * 1024);
  });

  test("hands out the bytes that it hashed, and notices any other", async () => {
    const root = siteOf({ "site.toml": "", "public/a": "one", "public/b": "two", "public/c": "three" });
    const { files } = await collectDirectory(root);
    for (const file of files.values()) {
      expect(sha256Hex(await file.blob.bytes())).toBe(file.sha256);
      expect(file.unchanged?.()).toBe(true);
    }
    appendFileSync(join(root, "public/a"), "!");
    writeFileSync(join(root, "public/new"), "two");
    renameSync(join(root, "public/new"), join(root, "public/b"));
    rmSync(join(root, "public/c"));
    expect(["a", "b", "c"].map((name) => files.get(`public/${name}`)?.unchanged?.())).toEqual([
      false,
      false,
      false,
    ]);
  });
});
