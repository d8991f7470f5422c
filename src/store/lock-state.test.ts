import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmendError } from "../errors.ts";
import { lockState } from "./index.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "emend-lock-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** A process that holds the lock, with a child of its own that outlives it. */
const holding = `
  const { lockState } = await import(${JSON.stringify(join(import.meta.dir, "index.ts"))});
  const lock = lockState(process.argv[1]);
  const child = Bun.spawn(["sleep", "60"]);
  console.log(JSON.stringify({ child: child.pid, lacking: lock.lacking }));
  await Bun.sleep(60_000);`;

function refusal(): EmendError {
  try {
    lockState(dir)[Symbol.dispose]();
  } catch (error) {
    if (error instanceof EmendError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("lockState", () => {
  test.skipIf(process.platform === "darwin")(
    "lockState says why nothing keeps others out where there is no flock",
    () => {
      using lock = lockState(dir, "darwin");
      expect(lock.lacking).toContain("libSystem.B.dylib");
      using other = lockState(dir, "darwin");
      expect(other.lacking).toBe(lock.lacking);
    },
  );

  test("lockState holds a directory until it is disposed", () => {
    const lock = lockState(dir);
    expect(lock.lacking).toBeNull();
    expect(refusal()).toMatchObject({
      code: "io",
      message: expect.stringContaining(`process ${process.pid} uses`),
    });
    lock[Symbol.dispose]();
    lockState(dir)[Symbol.dispose]();
    expect((statSync(join(dir, "lock")).mode & 0o777).toString(8)).toBe("600");
  });

  test("lockState keeps another process out, by its number, until that one is killed, whoever it left behind", async () => {
    const holder = Bun.spawn([process.execPath, "-e", holding, dir], { stdout: "pipe" });
    const reader = holder.stdout.getReader();
    const { value } = await reader.read();
    const told: { child: number; lacking: string | null } = JSON.parse(new TextDecoder().decode(value));
    try {
      expect(told.lacking).toBeNull();
      expect(refusal().message).toContain(`process ${holder.pid} uses the state directory ${dir}`);
      expect(refusal().message).toContain("--state DIR");
      holder.kill("SIGKILL");
      await holder.exited;
      using lock = lockState(dir);
      expect(lock.lacking).toBeNull();
    } finally {
      process.kill(told.child);
    }
  });

  test("lockState is not kept out by a file that a power cut left behind", () => {
    writeFileSync(join(dir, "lock"), "1\n");
    using lock = lockState(dir);
    expect(lock.lacking).toBeNull();
    expect(readFileSync(join(dir, "lock"), "utf8")).toBe(`${process.pid}\n`);
  });

  test("lockState refuses a directory that is not there", () => {
    const missing = join(dir, "missing");
    expect(() => lockState(missing)).toThrow(`cannot open ${missing}/lock`);
  });
});
