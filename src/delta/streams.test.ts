import { expect, test } from "bun:test";
import type { Stretch } from "./align.ts";
import { type ByteReader, memoryReader } from "./byte-reader.ts";
import { patch } from "./patcher.ts";
import { ContainerStreams, changeStreams, recordStreams, type StreamName, trusts } from "./streams.ts";

/** Always the same numbers (a linear congruential generator's high bits). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Stretches at random, many of which end where the source does, and a target that has few kinds of changes. */
function randomCase(seed: number): { source: Uint8Array; target: Uint8Array; stretches: Stretch[] } {
  const below = numbers(seed);
  const source = Uint8Array.from({ length: 1 + below(60) }, () => below(3));
  const stretches: Stretch[] = [];
  const bytes: number[] = [];
  for (let i = below(12); i >= 0; i--) {
    const sourceOffset = below(source.length + 1);
    const add = below(2) === 0 ? source.length - sourceOffset : below(source.length - sourceOffset + 1);
    const copy = below(4) + (add === 0 ? 1 : 0);
    stretches.push({ sourceOffset, add, copy });
    for (let k = 0; k < add; k++) bytes.push((source[sourceOffset + k]! + (below(3) === 0 ? 7 : 0)) & 0xff);
    for (let k = 0; k < copy; k++) bytes.push(below(256));
  }
  return { source, target: Uint8Array.from(bytes), stretches };
}

test.each(trusts)("ContainerStreams feed back what went into the streams, with trust %i", (trust) => {
  for (let seed = 0; seed < 3000; seed++) {
    const { source, target, stretches } = randomCase(seed);
    const streams = {
      ...recordStreams(target, stretches),
      ...changeStreams(source, target, stretches, trust),
    };
    const readers = Object.fromEntries(
      Object.entries(streams).map(([name, bytes]) => [name, memoryReader(name, bytes)]),
    ) as Record<StreamName, ByteReader>;
    const made = patch(source, target.length, new ContainerStreams(readers, source, trust));
    expect({ seed, same: Buffer.compare(made, target) === 0 }).toEqual({ seed, same: true });
  }
});
