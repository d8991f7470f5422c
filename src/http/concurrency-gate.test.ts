import { describe, expect, test } from "bun:test";
import { gateWaitersMax } from "../limits.ts";
import { ConcurrencyGate } from "./concurrency-gate.ts";

describe("ConcurrencyGate", () => {
  test("lets in at once while there is room", () => {
    const gate = new ConcurrencyGate(2);
    expect([gate.enter(10), gate.enter(10)]).toEqual([undefined, undefined]);
    gate.leave();
    expect(gate.enter(10)).toBeUndefined();
  });

  test("lets in whoever has waited longest, one for each that leaves", async () => {
    const gate = new ConcurrencyGate(1);
    gate.enter(1000);
    const order: string[] = [];
    const waiting = ["a", "b", "c"].map((name) => gate.enter(1000)!.then(() => order.push(name)));
    expect(gate.waiting).toBe(3);
    gate.leave();
    await waiting[0];
    expect([order, gate.waiting]).toEqual([["a"], 2]);
    gate.leave();
    gate.leave();
    await Promise.all(waiting);
    expect(order).toEqual(["a", "b", "c"]);
    gate.leave();
    expect(gate.enter(10)).toBeUndefined();
  });

  test("turns away whoever waited too long, and gives the place to the next", async () => {
    const gate = new ConcurrencyGate(1);
    gate.enter(10);
    const impatient = gate.enter(5)!;
    const patient = gate.enter(1000)!;
    expect(impatient).rejects.toMatchObject({
      code: "guest.busy",
      message: "the route had no room for 5 ms",
    });
    await impatient.catch(() => undefined);
    expect(gate.waiting).toBe(1);
    gate.leave();
    await patient;
  });

  test("turns away at once when the line is full", async () => {
    const gate = new ConcurrencyGate(1);
    gate.enter(1000);
    const line = Array.from({ length: gateWaitersMax }, () => gate.enter(1000)!);
    await expect(gate.enter(1000)!).rejects.toMatchObject({ code: "guest.busy" });
    expect(gate.waiting).toBe(gateWaitersMax);
    for (const _ of line) gate.leave();
    await Promise.all(line);
    expect(gate.waiting).toBe(0);
  });
});
