import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { waitFor } from "../../test/support/serve-sites.ts";
import { keys } from "../../test/support/signed-patches.ts";
import { publish } from "../../test/support/update-node.ts";
import { EmendError, messageOf } from "../errors.ts";
import { UpdateThread } from "./update-thread.ts";

const dir = mkdtempSync(join(tmpdir(), "emend-update-thread-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** A thread of another program. */
function threadOf(program: string, idleMs?: number): UpdateThread {
  const script = join(dir, `${Bun.hash(program)}.ts`);
  writeFileSync(script, program);
  return new UpdateThread({
    report: () => {},
    script: pathToFileURL(script),
    ...(idleMs === undefined ? {} : { idleMs }),
  });
}

const siteKeys = { keys: [keys.alice.publicKey.text], retired: [], threshold: 1 };

/** The code that a promise is refused with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return error instanceof EmendError ? error.code : messageOf(error);
  }
}

describe("UpdateThread", () => {
  test("does what it is asked, refuses with the code, and ends when it was idle for a while", async () => {
    const patch = await publish(null, { "public/a": "a" });
    const thread = new UpdateThread({ report: () => {}, idleMs: 30 });
    expect(thread.running).toBe(false);
    await thread.ask("expect", [1, siteKeys, null]);
    const head = await thread.ask("feed", [1, patch]);
    expect(head).toMatchObject({ needs: [], sources: [] });
    expect(await codeOf(thread.ask("expect", [2, { ...siteKeys, keys: ["RWno"] }, null]))).toBe("key.format");
    expect(thread.running).toBe(true);
    await waitFor("its end", () => !thread.running);
  });

  test("stays while somebody holds it, and what it held is gone with it", async () => {
    const thread = new UpdateThread({ report: () => {}, idleMs: 10 });
    const hold = thread.hold();
    await thread.ask("expect", [1, siteKeys, null]);
    const life = thread.start();
    await Bun.sleep(50);
    expect(thread.running).toBe(true);
    hold[Symbol.dispose]();
    await waitFor("its end", () => !thread.running);
    expect(thread.start()).not.toBe(life);
    expect(await codeOf(thread.ask("feed", [1, new Uint8Array(1)]))).toBe("update.failed");
    await thread.end();
  });

  test("answers whoever asks in the moment in which it ends", async () => {
    const thread = new UpdateThread({ report: () => {}, idleMs: 1 });
    for (let round = 0; round < 40; round++) {
      const ending = round % 4 === 0 ? thread.end() : undefined;
      using _hold = thread.hold();
      await thread.ask("expect", [round, siteKeys, null]);
      expect(await thread.ask("feed", [round, new Uint8Array(3)])).toBeUndefined();
      await ending;
      await Bun.sleep(round % 3);
    }
    await thread.end();
  });

  test.each([
    ["throws", `addEventListener("message", () => { throw new Error("a bug"); });`],
    ["exits", `addEventListener("message", () => process.exit(3));`],
    ["does not even start", `throw new Error("no start");`],
  ])("that %s refuses what waits with update.failed and is started again", async (_name, program) => {
    const thread = threadOf(program);
    expect(await codeOf(thread.ask("drop", [1]))).toBe("update.failed");
    expect(thread.running).toBe(false);
    expect(await codeOf(thread.ask("drop", [1]))).toBe("update.failed");
  });

  test("reports what stores found damaged", async () => {
    const program = `addEventListener("message", ({ data: { id } }) =>
      postMessage({ id, kind: "answer", value: undefined, problems: ["a blob is damaged"] }));`;
    const script = join(dir, "problems.ts");
    writeFileSync(script, program);
    const problems: string[] = [];
    const thread = new UpdateThread({
      report: (problem) => problems.push(problem),
      script: pathToFileURL(script),
    });
    await thread.ask("drop", [1]);
    expect(problems).toEqual(["a blob is damaged"]);
    await thread.end();
  });
});
