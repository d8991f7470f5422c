import { describe, expect, test } from "bun:test";
import { keys } from "../../test/support/signed-patches.ts";
import { type Files, publish, releaseOf } from "../../test/support/update-node.ts";
import { sha256Hex } from "../bytes/index.ts";
import { diffDelta } from "../delta/index.ts";
import type { CarriedFile } from "../trust/index.ts";
import { IncomingPatch, type SourceTicket } from "./incoming-patch.ts";
import { type MadeFiles, makeFiles } from "./make-files.ts";
import { Scratch } from "./scratch.ts";
import { lendBlob, takeBlob } from "./shared-blob.ts";

const long = Array.from({ length: 3000 }, (_, i) => `line ${i}, ${Math.imul(i, 0x9e3779b1)}`).join("\n");
const one: Files = {
  "public/long.txt": long,
  "public/same.txt": "same",
  "site.toml": "[assets]\nspa = true\n",
};
const two: Files = { ...one, "public/long.txt": `${long}\nlast`, "public/new.txt": "new" };

const ticketsOf = (files: Files, known: boolean): Map<string, SourceTicket> =>
  new Map(
    [...releaseOf(files).files.values()].map(({ sha256, blob }) => [
      sha256,
      { ticket: lendBlob(blob), known },
    ]),
  );

async function make(from: Files, to: Files, sources = ticketsOf(from, true)): Promise<MadeFiles> {
  const bytes = await publish(from, to);
  const patch = new IncomingPatch({ keys: [keys.alice.publicKey.text], retired: [], threshold: 1 }, null);
  const half = bytes.length >> 1;
  const head = patch.feed(bytes.subarray(0, half)) ?? patch.feed(bytes.subarray(half));
  if (patch.bytes.length < bytes.length) patch.feed(bytes.subarray(half));
  expect(head?.to).toBe(releaseOf(to).digest);
  return await patch.make(sources, new Scratch());
}

describe("a patch makes", () => {
  test("what the node does not hold, each content once, and reads the configuration", async () => {
    const { files, made, config } = await make(one, { ...two, "public/again.txt": "new" });
    expect(files.map(({ path }) => path).sort()).toEqual([
      "public/again.txt",
      "public/long.txt",
      "public/new.txt",
      "public/same.txt",
      "site.toml",
    ]);
    const texts = new Map(made.map(({ sha256, ticket }) => [sha256, takeBlob(ticket).text()]));
    expect(await Promise.all(texts.values())).toEqual(
      expect.arrayContaining([`${long}\nlast`, "new"]) as unknown as string[],
    );
    expect(texts.size).toBe(2);
    expect(config.assets.spa).toBe(true);
  });

  test("its own configuration", async () => {
    const { config } = await make(one, { ...one, "site.toml": '[assets]\nspa = false\ndir = "public"\n' });
    expect(config.assets.spa).toBe(false);
  });

  test("nothing from a source that is not what it was", async () => {
    const blob = new Blob([long.replace("line 7,", "line 8,")]);
    const changed = ticketsOf(one, false);
    changed.set(sha256Hex(new TextEncoder().encode(long)), { ticket: lendBlob(blob), known: false });
    await expect(make(one, two, changed)).rejects.toMatchObject({
      code: "delta.source-hash",
      message: expect.stringContaining("public/long.txt: the source"),
    });
  });

  test("nothing from a source whose file is gone", async () => {
    const gone = ticketsOf(one, false);
    const ticket = lendBlob(Bun.file("/nonexistent/of/emend"));
    gone.set(sha256Hex(new TextEncoder().encode(long)), { ticket, known: false });
    await expect(make(one, two, gone)).rejects.toMatchObject({ code: "delta.source-hash" });
  });

  test("no release of a configuration that is none", async () => {
    const broken = { ...one, "site.toml": "[assets]\nspa = 7\n" };
    await expect(
      makeFiles(releaseListOf(broken), [full("site.toml", broken["site.toml"])], ticketsOf(one, true)),
    ).rejects.toMatchObject({ code: "site.config" });
  });
});

describe("a patch on its way in", () => {
  const incoming = (): IncomingPatch =>
    new IncomingPatch({ keys: [keys.alice.publicKey.text], retired: [], threshold: 1 }, null);
  const facts = {
    ...{ site: "default", nodeId: "ab".repeat(16), nowMs: Date.now(), newestCreatedMs: 0, floor: 0 },
    ...{ running: releaseOf(one).digest, committed: [], missing: [] },
  };

  test("is judged by what the node knows", async () => {
    const patch = incoming();
    const head = patch.feed(await publish(one, two))!;
    expect(() => patch.admit(facts)).not.toThrow();
    const refused = (more: object): unknown => {
      try {
        patch.admit({ ...facts, ...more });
        return undefined;
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    expect(refused({ site: "other" })).toBe("patch.wrong-site");
    expect(refused({ floor: head.sequence })).toBe("patch.sequence");
    expect(refused({ floor: head.sequence, committed: [head.digest] })).toBe("patch.replayed");
    expect(refused({ missing: head.needs })).toBe("patch.wrong-base");
  });

  test("makes nothing before its head is there", async () => {
    const patch = incoming();
    patch.feed((await publish(one, two)).subarray(0, 40));
    await expect(patch.make(new Map(), new Scratch())).rejects.toMatchObject({ code: "patch.truncated" });
  });

  test("is kept whole however long it gets", async () => {
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    const bytes = await publish(one, { ...one, "public/1.bin": noise, "public/2.bin": noise.toReversed() });
    const patch = incoming();
    for (let at = 0; at < bytes.length; at += 10_000) patch.feed(bytes.subarray(at, at + 10_000));
    expect(sha256Hex(patch.bytes)).toBe(sha256Hex(bytes));
    expect(bytes.length).toBeGreaterThan(2 * 65_536);
  });
});

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const none = { payload: { size: 0, sha256: sha256Hex(encode("")) } };

function full(path: string, text: string, said: Partial<CarriedFile> = {}): Payload {
  const payload = encode(text);
  const own = { op: "full", method: "none", path, size: payload.length, sha256: sha256Hex(payload) };
  return { file: { ...own, ...none, ...said } as CarriedFile, payload };
}

type Payload = { readonly file: CarriedFile; readonly payload: Uint8Array };

const releaseListOf = (files: Files): CarriedFile[] =>
  Object.entries(files).map(([path, text]) => full(path, String(text)).file);

describe("a manifest that lies", () => {
  const refuse = async (payload: Payload, code: string, sources = ticketsOf(one, true)): Promise<void> => {
    await expect(makeFiles([payload.file], [payload], sources)).rejects.toMatchObject({ code });
  };

  test("about a digest is refused", async () => {
    await refuse(full("public/a.txt", "a", { sha256: sha256Hex(encode("b")) }), "patch.hash");
  });

  test("about a size is refused", async () => {
    await refuse(full("public/a.txt", "a", { size: 2 }), "delta.bounds");
  });

  test("about a delta's format is refused", async () => {
    const [source, target] = [encode(long), encode(`${long}\nlast`)];
    const { delta } = await diffDelta(source, target, { format: "emend-bsdiff" });
    const file = {
      ...{ op: "delta", method: "endsley-gzip", path: "public/long.txt", source: sha256Hex(source) },
      ...{ size: target.length, sha256: sha256Hex(target), ...none },
    } as CarriedFile;
    await refuse({ file, payload: delta }, "delta.format");
  });

  test("by being too much altogether is refused before anything is made", async () => {
    await refuse(full("public/a.txt", "a", { size: 3 * 2 ** 30 }), "delta.bomb");
  });
});
