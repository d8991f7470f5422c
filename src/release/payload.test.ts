import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError, type ErrorCode } from "../errors.ts";
import { type CollectedSite, collectDirectory } from "./collect.ts";
import { openPayload, verifyPayload } from "./open-payload.ts";
import { type Executable, encodePayloadEnd, readPayload } from "./payload.ts";
import { type Base, writePayload } from "./write-payload.ts";

const scratch = await mkdtemp(join(tmpdir(), "emend-payload-"));
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Stands in for the 109 MB of a runtime: only its first four bytes are ever looked at. */
const program = Buffer.concat([Buffer.from("7f454c46", "hex"), Buffer.alloc(96, "program ")]);
const runtime = { version: "0.1.0", platform: "linux-x64", build: "b1" };
const bare: Base = { ...placed("bare", program), runtime, runtimeBytes: program.length, isSameBuild: true };
const keys = ["A", "B"].map((letter) => `RWQ${letter.repeat(53)}`);
let files = 0;

function placed(name: string, bytes: Uint8Array): Executable {
  const file = join(scratch, name);
  writeFileSync(file, bytes);
  return { file, name };
}

async function siteOf(texts: Record<string, string | Uint8Array>): Promise<CollectedSite> {
  files += 1;
  const root = join(scratch, `site-${files}`);
  for (const [path, text] of Object.entries(texts)) await Bun.write(join(root, path), text);
  return collectDirectory(root);
}

async function written(base: Base, site: CollectedSite): Promise<Executable> {
  files += 1;
  const file = join(scratch, `emend-${files}`);
  expect(await writePayload(base, site, file)).toBe(statSync(file).size);
  return { file, name: "emend" };
}

/** The code of the EmendError that a call throws; any other error fails the test. */
async function codeOf(run: () => unknown): Promise<ErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof EmendError) return error.code;
    throw error;
  }
}

const small = await siteOf({
  "site.toml": '[[route]]\npath = "/api"\nmodule = "api.wasm"\n',
  "api.wasm": "\0asm",
  "public/index.html": "<h1>hi</h1>",
  "public/empty": "",
  "public/ü %.txt": "ü",
});

describe("writePayload and openPayload", () => {
  test("give back the site that went in", async () => {
    const executable = await written(bare, small);
    const release = await openPayload(executable);
    expect(release.digest).toBe(small.digest);
    expect(release.config).toEqual(small.config);
    expect([...release.files.keys()]).toEqual([...small.files.keys()]);
    for (const [path, file] of release.files) {
      expect(sha256Hex(await file.blob.bytes())).toBe(small.files.get(path)!.sha256);
      expect(file.verify ?? file.unchanged).toBe(undefined);
    }
    expect(readFileSync(executable.file).subarray(0, program.length).equals(program)).toBe(true);
    expect(statSync(executable.file).mode & 0o777).toBe(0o755);
  });

  test("carry the operator's keys, and take none over from the base", async () => {
    const file = join(scratch, "keyed");
    await writePayload(bare, small, file, keys);
    const keyed = { file, name: "keyed" };
    expect((await openPayload(keyed)).operatorKeys).toEqual(keys);
    const next = await written({ ...bare, ...keyed, ...readPayload(keyed) }, small);
    expect((await openPayload(next)).operatorKeys).toEqual([]);
  });

  test("carry what was made of modules, for the same build alone, and find damage in it when it is used", async () => {
    const [file, made] = [join(scratch, "rewritten"), Buffer.from("made of api.wasm")];
    const modules = new Map([[small.files.get("api.wasm")!.sha256, made]]);
    const bytes = await writePayload(bare, small, file, [], modules);
    const { rewritten } = (await openPayload({ file, name: "emend" })).files.get("api.wasm")!;
    expect(Buffer.from(rewritten!()).toString()).toBe("made of api.wasm");
    const damaged = readFileSync(file);
    expect(damaged.length).toBe(bytes);
    damaged[damaged.indexOf(made)]! ^= 1;
    const { files: damagedFiles } = await openPayload(placed("damaged-form", damaged));
    expect(await codeOf(() => damagedFiles.get("api.wasm")!.rewritten!())).toBe("payload.hash");
    await writePayload({ ...bare, isSameBuild: false }, small, file, [], modules);
    expect((await openPayload({ file, name: "emend" })).files.get("api.wasm")!.rewritten).toBeUndefined();
  });

  test("carry a site without a site.toml", async () => {
    const site = await siteOf({ "hello.wasm": "x", "public/index.html": "y" });
    for (const isSameBuild of [true, false]) {
      expect((await openPayload(await written({ ...bare, isSameBuild }, site))).config).toEqual(site.config);
    }
  });

  test("leave beyond the eager bytes what is verified at first use", async () => {
    const executable = await written(bare, small);
    const release = await openPayload(executable, 0);
    const late = [...release.files.values()].filter(({ verify }) => verify !== undefined);
    // site.toml is needed at once, and nothing is later than at once for no bytes.
    expect(late.map(({ path }) => path)).toEqual(["api.wasm", "public/index.html", "public/ü %.txt"]);
    for (const file of late) {
      expect(await file.verify!()).toBe(undefined);
      expect(file.blob.size).toBe(file.size);
      expect(sha256Hex(await file.blob.bytes())).toBe(file.sha256);
    }
  });

  test("hold files of many sizes", async () => {
    const sizes = [0, 1, 2, 65_535, 65_536, 65_537, 5_000_000, 0];
    const texts = sizes.map((size, at) => [`public/${at}`, Buffer.alloc(size, `${at} `)]);
    const site = await siteOf(Object.fromEntries(texts));
    const executable = await written(bare, site);
    expect(await codeOf(() => verifyPayload(executable, readPayload(executable).files))).toBe(null);
  });

  test("make the same bytes from the same site", async () => {
    const [one, two] = [await written(bare, small), await written(bare, small)];
    expect(readFileSync(one.file).equals(readFileSync(two.file))).toBe(true);
  });

  test("replace the site of an executable that has one", async () => {
    const first = await written(bare, await siteOf({ "public/long": "x".repeat(10_000) }));
    const second = await written({ ...bare, ...first, ...readPayload(first) }, small);
    expect(readFileSync(second.file).equals(readFileSync((await written(bare, small)).file))).toBe(true);
  });

  test("replace the executable that they are made from", async () => {
    const first = await written(bare, await siteOf({ "public/a": "a" }));
    await writePayload({ ...bare, ...first, ...readPayload(first) }, small, first.file);
    expect((await openPayload(first)).digest).toBe(small.digest);
  });
});

describe("writePayload refuses", () => {
  async function refusal(site: CollectedSite, output: string): Promise<ErrorCode | null> {
    return codeOf(() => writePayload(bare, site, output));
  }

  test("a file that changed since it was collected, and leaves nothing behind", async () => {
    const site = await siteOf({ "public/a": "one" });
    writeFileSync(join(site.root, "public/a"), "two");
    const directory = join(scratch, "changed");
    await mkdir(directory);
    expect(await refusal(site, join(directory, "out"))).toBe("release.changed");
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a file that is gone", async () => {
    const site = await siteOf({ "public/a": "one" });
    await rm(join(site.root, "public/a"));
    expect(await refusal(site, join(scratch, "gone"))).toBe("io");
  });

  test("a directory that is not there, or in the place of the executable", async () => {
    expect(await refusal(small, join(scratch, "none/out"))).toBe("io");
    const directory = join(scratch, "taken");
    await mkdir(directory);
    expect(await refusal(small, directory)).toBe("io");
    expect(readdirSync(scratch).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("readPayload refuses", () => {
  const end = (change: (trailer: Buffer) => void): Buffer => {
    const empty = {
      runtime,
      digest: `sha256:${sha256Hex("")}`,
      files: [],
      config: null,
      rewritten: [],
      operatorKeys: [],
    };
    const whole = Buffer.concat([program, encodePayloadEnd({ ...empty, runtimeBytes: program.length })]);
    change(whole.subarray(-64));
    return whole;
  };
  const index = (json: string): Buffer => {
    const trailer = Buffer.from(end(() => {}).subarray(-64));
    Buffer.from(sha256Hex(json), "hex").copy(trailer);
    return Buffer.concat([program, Buffer.from(json), trailer]);
  };
  const nothing = `"digest":"sha256:${sha256Hex("")}","files":[]`;
  const by = '"config":null,"rewritten":[],"runtime":{"version":"1","platform":"linux-x64","build":""}';
  const file = (path: string, size: unknown) =>
    `{"path":${JSON.stringify(path)},"size":${size},"sha256":"${"0".repeat(64)}"}`;

  const cases: [what: string, bytes: Buffer, code: ErrorCode | null, message: RegExp][] = [
    ["nothing", Buffer.alloc(0), "payload.format", /expected an executable/],
    ["a text", Buffer.from("#!/bin/sh\n".repeat(50)), "payload.format", /begins with the bytes 23212f62/],
    ["a program without a site", program, "payload.truncated", /not made by emend build/],
    [
      "a site with something appended",
      Buffer.concat([end(() => {}), Buffer.from("x")]),
      "payload.truncated",
      /appended/,
    ],
    ["another version", end((t) => t.writeUInt32LE(2, 48)), "payload.format", /format 1, found format 2/],
    [
      "an index past the end",
      end((t) => t.writeBigUInt64LE(2n ** 64n - 1n, 40)),
      "payload.format",
      /an index at byte/,
    ],
    [
      "an index before the runtime's end",
      end((t) => t.writeBigUInt64LE(0n, 40)),
      "payload.format",
      /a runtime of/,
    ],
    [
      "a runtime past the index",
      end((t) => t.writeBigUInt64LE(2n ** 60n, 32)),
      "payload.format",
      /a runtime of/,
    ],
    [
      "a runtime that is too short",
      end((t) => t.writeBigUInt64LE(1n, 32)),
      "payload.format",
      /they end at 1$/,
    ],
    ["a wrong hash", end((t) => t.writeUInt8(t[0]! ^ 1, 0)), "payload.hash", /the index .* is damaged/],
    ["an index that is not JSON", index("{"), "payload.format", /not JSON/],
    ["an index that is not an object", index("[]"), "payload.format", /as this version has them/],
    [
      "a key that this version does not know",
      index(`{${by},${nothing},"operator":{"tokens":[]}}`),
      "payload.format",
      /as this version has them/,
    ],
    ["no operator", index(`{${by},${nothing}}`), "payload.format", /as this version has them/],
    [
      "no configuration",
      index(`{"runtime":{"version":"1","platform":"x","build":""},${nothing},"operator":{}}`),
      "payload.format",
      /as this version has them/,
    ],
    [
      "a negative size",
      index(`{${by},"digest":"","files":[${file("a", -1)}],"operator":{}}`),
      "payload.format",
      /as this version has them/,
    ],
    [
      "a size that is no integer",
      index(`{${by},"digest":"","files":[${file("a", 1e300)}],"operator":{}}`),
      "payload.format",
      /as this version has them/,
    ],
    [
      "a path that leads out",
      index(`{${by},"digest":"","files":[${file("../a", 0)}],"operator":{}}`),
      "patch.path",
      /\.\./,
    ],
    [
      "files out of order",
      index(`{${by},"digest":"","files":[${file("b", 0)},${file("a", 0)}],"operator":{}}`),
      "payload.format",
      /order/,
    ],
    [
      "a digest of something else",
      index(`{${by},"digest":"sha256:0","files":[],"operator":{}}`),
      "payload.hash",
      /embedded site/,
    ],
    ...[`[]`, `["${keys[0]}","${keys[0]}"]`, `["RWQ"]`, `[1]`, `"${keys[0]}"`].map(
      (list): (typeof cases)[number] => [
        `the operator's keys ${list}`,
        index(`{${by},${nothing},"operator":{"keys":${list}}}`),
        "payload.format",
        /as this version has them/,
      ],
    ),
    ["nothing, when all is well", index(`{${by},${nothing},"operator":{}}`), null, /^$/],
  ];
  for (const [what, bytes, code, message] of cases) {
    test(what, async () => {
      const executable = placed("case", bytes);
      let found = "";
      expect(
        await codeOf(() => {
          try {
            readPayload(executable);
          } catch (error) {
            found = (error as Error).message;
            throw error;
          }
        }),
      ).toBe(code);
      expect(found).toMatch(message);
    });
  }

  test("a missing file, a directory and a link in a circle", async () => {
    symlinkSync("circle", join(scratch, "circle"));
    for (const name of ["none", ".", "circle"]) {
      expect(await codeOf(() => readPayload({ file: join(scratch, name), name }))).toBe("io");
    }
  });
});

describe("openPayload on a damaged executable", () => {
  test("refuses one that is cut at any byte", async () => {
    const whole = readFileSync((await written(bare, small)).file);
    for (let length = 0; length < whole.length; length += 1) {
      const code = await codeOf(() => openPayload(placed("cut", whole.subarray(0, length))));
      expect([length, code]).toEqual([length, length < 4 ? "payload.format" : "payload.truncated"]);
    }
  });

  test("refuses one with any bit of its tail flipped", async () => {
    const whole = readFileSync((await written(bare, small)).file);
    const codes = new Set<ErrorCode | null>();
    for (let bit = program.length * 8; bit < whole.length * 8; bit += 1) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const code = await codeOf(() => openPayload(placed("flipped", damaged)));
      expect([bit, code]).not.toEqual([bit, null]);
      codes.add(code);
    }
    expect([...codes].sort()).toEqual(["payload.format", "payload.hash", "payload.truncated"]);
  });

  test("finds damage in what is verified late", async () => {
    const executable = await written(bare, small);
    const whole = readFileSync(executable.file);
    whole[whole.indexOf("<h1>")]! ^= 1;
    writeFileSync(executable.file, whole);
    expect(await codeOf(() => openPayload(executable))).toBe("payload.hash");
    const file = (await openPayload(executable, 0)).files.get("public/index.html")!;
    expect(await codeOf(() => file.verify!())).toBe("payload.hash");
    expect(await codeOf(() => verifyPayload(executable, readPayload(executable).files))).toBe("payload.hash");
  });

  test("never throws anything but an EmendError, whatever the tail", async () => {
    const offset = fc.oneof(fc.nat(500).map(BigInt), fc.bigInt(0n, 2n ** 64n - 1n));
    const tail = fc.record({
      body: fc.uint8Array({ maxLength: 300 }),
      runtimeBytes: offset,
      indexOffset: offset,
    });
    await fc.assert(
      fc.asyncProperty(tail, async ({ body, runtimeBytes, indexOffset }) => {
        const trailer = Buffer.alloc(64);
        const from = program.length + body.length - Number(indexOffset);
        Buffer.from(sha256Hex(from > 0 ? body.subarray(-from) : ""), "hex").copy(trailer);
        trailer.writeBigUInt64LE(runtimeBytes, 32);
        trailer.writeBigUInt64LE(indexOffset, 40);
        trailer.writeUInt32LE(1, 48);
        trailer.write("EMEND-SITE\r\n", 52);
        const bytes = Buffer.concat([program, body, trailer]);
        expect(await codeOf(() => openPayload(placed("fuzz", bytes)))).toMatch(/^payload\.(format|hash)$/);
      }),
      { numRuns: 500 },
    );
  });
});
