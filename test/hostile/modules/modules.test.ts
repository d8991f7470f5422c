/**
 * Modules made to defeat the counter, each run metered: it is ended from outside and cannot catch that, or is refused
 * before it runs. What the README says about what a guest cannot do stands on these.
 */
import { describe, expect, test } from "bun:test";
import { compileCommand, Instance, type Meter, type Outcome } from "../../../src/guest/index.ts";
import { assembleText } from "../../support/assemble-text.ts";
import { runGuest } from "../../support/run-guest.ts";
import { callChain, harmless, outOfRange, refused, straightLine } from "./bombs.ts";
import { deep } from "./deep.ts";
import { endless } from "./endless.ts";

const limits = { memoryPagesMax: 4096, tableEntriesMax: 1_000_000 };
const small = { memoryPagesMax: 1024, tableEntriesMax: 1_000_000 };

/** How long a guest may run, and by how much it may be late: machines that test are busy. */
const [timeMs, lateMs] = [100, 400];

/** Ends a guest when its time is over, and notes when it was asked. */
function deadline(suspends = false): Meter & { readonly lookedMs: number[] } {
  const startMs = performance.now();
  const lookedMs: number[] = [];
  const slice = 200_000;
  return {
    lookedMs,
    sliceFuel: slice,
    spent: () => {
      const nowMs = performance.now();
      lookedMs.push(nowMs - startMs);
      const next = nowMs - startMs > timeMs ? 0 : slice;
      return suspends ? new Promise((resolve) => setImmediate(resolve, next)) : next;
    },
  };
}

/** How a run ended; an initialiser that was ended counts as the run. */
async function outcomeOf(bytes: Uint8Array, meter: Meter, within = limits): Promise<Outcome> {
  const compiled = await compileCommand(bytes, "guest", { limits: within });
  try {
    return (await runGuest(await Instance.create(compiled, { meter }))).outcome;
  } catch {
    return { kind: "stopped" };
  }
}

for (const suspends of [false, true]) {
  describe(`ended when its time is over, ${suspends ? "suspended" : "running on"} between slices`, () => {
    for (const [name, text] of Object.entries(endless)) {
      test(name, async () => {
        const bytes = await assembleText(text);
        const meter = deadline(suspends);
        // Of this thread: a busy machine makes the wall's clock go on without the guest.
        const before = process.threadCpuUsage();
        expect(await outcomeOf(bytes, meter)).toEqual({ kind: "stopped" });
        const { user, system } = process.threadCpuUsage(before);
        expect((user + system) / 1000).toBeLessThan(timeMs + lateMs + (suspends ? lateMs : 0));
        expect(meter.lookedMs.at(-1)).toBeGreaterThan(timeMs);
      }, 20_000);
    }
  });
}

describe("a trap of that guest only", () => {
  for (const [name, text] of Object.entries(deep)) {
    test(name, async () => {
      const outcome = await outcomeOf(await assembleText(text), deadline());
      expect(outcome).toEqual({ kind: "trap", message: "Maximum call stack size exceeded." });
    }, 20_000);
  }

  test("a chain of 100,000 functions", async () => {
    const outcome = await outcomeOf(callChain(100_000), deadline());
    expect(outcome).toEqual({ kind: "trap", message: "Maximum call stack size exceeded." });
  }, 20_000);

  test("a wait on a memory that nobody shares", async () => {
    const text = `(module (memory (export "memory") 1) (func (export "_start")
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))`;
    expect((await outcomeOf(await assembleText(text), deadline())).kind).toBe("trap");
  });
});

describe("refused before it runs", () => {
  for (const [name, { bytes, says }] of Object.entries(refused)) {
    test(name, async () => {
      const startMs = performance.now();
      const refusal = await compileCommand(bytes(), "guest", { limits: small }).catch((error) => error);
      expect(refusal.name).toBe("EmendError");
      expect(refusal.message.slice(0, 300)).toMatch(says);
      expect(performance.now() - startMs).toBeLessThan(2000);
    });
  }

  for (const [name, [says, bytes]] of Object.entries(outOfRange)) {
    test(`${name} behind all that the module has`, async () => {
      const refusal = await compileCommand(bytes(), "guest", { limits: small }).catch((error) => error);
      expect([refusal.name, refusal.code]).toEqual(["EmendError", "module.invalid"]);
      expect(refusal.message).toMatch(says);
    });
  }
});

describe("run all the same", () => {
  for (const [name, bytes] of Object.entries(harmless)) {
    test(name, async () => {
      expect(await outcomeOf(bytes(), deadline())).toEqual({ kind: "exit", code: 0 });
    }, 20_000);
  }

  test("a straight line of 200,000 instructions, in many slices", async () => {
    let slices = 0;
    const spent = (): number => {
      slices++;
      return 1000;
    };
    const meter: Meter = { sliceFuel: 1000, spent };
    expect(await outcomeOf(straightLine(100_000), meter)).toEqual({ kind: "exit", code: 0 });
    expect(slices).toBeGreaterThan(150);
  });
});

test("3,000 killed guests leave nothing behind", async () => {
  const compiled = await compileCommand(await assembleText(endless["an empty loop"]!), "guest", { limits });
  const meter: Meter = { sliceFuel: 1000, spent: () => 0 };
  const kill = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const { outcome } = await runGuest(await Instance.create(compiled, { meter }));
      expect(outcome.kind).toBe("stopped");
    }
    Bun.gc(true);
  };
  await kill(500);
  const before = process.memoryUsage.rss();
  await kill(3000);
  expect(process.memoryUsage.rss()).toBeLessThan(before * 1.1 + 8 * 1024 * 1024);
}, 60_000);
