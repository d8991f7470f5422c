/** `emend inspect --abi`: what emend offers to guests, from the tables that it links them by. */
import { abiSignature } from "../guest/index.ts";
import { type Abi, abis, type Layout } from "../wasi/index.ts";
import { formatSignature } from "../wasm/index.ts";
import { columns } from "./columns.ts";

export interface AbiReport {
  readonly kind: "abi";
  readonly abis: readonly {
    readonly module: string;
    readonly layout: Layout;
    readonly functions: readonly {
      readonly name: string;
      readonly signature: string;
      /** Whether the call may suspend its guest, and nothing else, until it can go on. */
      readonly waits: boolean;
    }[];
  }[];
}

/** Every function of every ABI. */
export function inspectAbi(): AbiReport {
  return { kind: "abi", abis: abis.map(reportOn) };
}

function reportOn({ module, layout, functions }: Abi): AbiReport["abis"][number] {
  return {
    module,
    layout,
    functions: Object.entries(functions).map(([name, entry]) => ({
      name,
      signature: formatSignature(abiSignature(entry)),
      waits: entry.waits,
    })),
  };
}

/** The report for people: one line a function, one column an ABI, and what the ABIs lay out differently. */
export function abiText({ abis: offered }: AbiReport): string {
  const rows = new Map<string, string[]>();
  offered.forEach(({ functions }, index) => {
    for (const { name, signature, waits } of functions) {
      const key = `${name} ${signature}`;
      const row = rows.get(key) ?? [name, signature, waits ? "may suspend" : "", ...offered.map(() => "no")];
      row[3 + index] = "yes";
      rows.set(key, row);
    }
  });
  const head = ["function", "type", "", ...offered.map(({ module }) => module)];
  const differences = offered.map(({ module, functions, layout: { filestat, subscription, whence } }) => {
    const seek = `set ${whence.set}, current ${whence.current}, end ${whence.end}`;
    return `${module}: ${functions.length} functions; filestat of ${filestat.bytes} bytes, subscription of ${subscription.bytes}; whence: ${seek}`;
  });
  return [...columns([head, ...rows.values()]), "", ...differences].join("\n");
}
