/**
 * The small module that stands between a guest and its host calls. For each call it
 *
 * - splits every i64 into two i32 (no BigInt is made for a file offset),
 * - tries the plain import first and the suspending one only when that answers `wouldBlock`: a suspending
 *   import always suspends, and that costs more than most calls (see src/RATIONALE.md),
 * - traps when a call throws, which is our bug, and keeps what it threw for us: the guest never sees it,
 * - traps when the guest was stopped, with a real trap: `catch_all` in the guest catches whatever
 *   JavaScript throws, but no `unreachable`,
 * - gives the engine real types to check the guest's imports against, which it does not do for JavaScript
 *   functions.
 */
import { ByteWriter } from "../bytes/index.ts";
import { invariant } from "../errors.ts";
import { type Abi, type AbiFunctions, abis, findAbi, wouldBlock } from "../wasi/index.ts";
import { encodeSections, type Import, makeSection, sectionId } from "../wasm/index.ts";
import { gateFunctions } from "./meter.ts";

/** Import module names of the link module. */
export const linkImports = { call: "call", wait: "wait", host: "host" } as const;

const [i32, i64, externref] = [0x7f, 0x7e, 0x6f];
const letters: Readonly<Record<string, number>> = { i: i32, I: i64 };

/** What a guest wants of one ABI: plain data, so that it can be handed to another thread. */
export interface Link {
  /** The import module that the ABI is known by. */
  readonly module: string;
  /** Functions that the guest imports, each once, in order. */
  readonly names: readonly string[];
}

/** The links of a guest whose imports were checked, none for an ABI that it does not use. */
export function linksOf(imports: readonly Import[]): Link[] {
  return abis.flatMap(({ module }) => {
    const names = imports.filter((each) => each.module === module).map((each) => each.name);
    return names.length === 0 ? [] : [{ module, names: [...new Set(names)].sort() }];
  });
}

/** The ABI of a link. */
export function abiOf({ module }: Link): Abi {
  const abi = findAbi(module);
  invariant(abi !== undefined, `the imports from ${module} were checked`);
  return abi;
}

/** Link modules by what they serve: guests of one compiler want the same few sets. */
const linkModules = new Map<string, WebAssembly.Module>();

/** The compiled module of a link. */
export function linkModuleOf(link: Link): WebAssembly.Module {
  const key = [link.module, ...link.names].join(" ");
  let module = linkModules.get(key);
  if (module === undefined) {
    module = new WebAssembly.Module(encodeLinkModule(abiOf(link), link.names));
    linkModules.set(key, module);
  }
  return module;
}

/** The link module for the gate of metered guests: their calls to the host are to trap and to wait as all others do. */
export function gateLink(): WebAssembly.Module {
  gateModule ??= new WebAssembly.Module(
    encodeLinkModule({ functions: gateFunctions }, Object.keys(gateFunctions)),
  );
  return gateModule;
}

let gateModule: WebAssembly.Module | undefined;

/** The link module that serves these functions of an ABI, each name once. */
export function encodeLinkModule(
  abi: { readonly functions: AbiFunctions },
  names: readonly string[],
): Uint8Array<ArrayBuffer> {
  const entries = names.map((name) => ({ name, ...abi.functions[name]! }));
  const waiting = entries.filter((entry) => entry.waits);
  const types = new ByteWriter().u32(entries.length * 2 + 1);
  const imports = new ByteWriter().u32(entries.length + waiting.length + 3);
  const functions = new ByteWriter().u32(entries.length);
  const exports = new ByteWriter().u32(entries.length);
  const code = new ByteWriter().u32(entries.length);
  const imported = entries.length + waiting.length;

  imports.name(linkImports.host).name("stop").u8(3, i32, 1);
  imports.name(linkImports.host).name("thrown").u8(3, externref, 1);
  imports
    .name(linkImports.host)
    .name("tag")
    .u8(4, 0)
    .u32(entries.length * 2);
  entries.forEach((entry, index) => {
    const results = entry.result === "errno" ? [1, i32] : [0];
    const params = [...entry.params].map((letter) => letters[letter]!);
    const flat = params.flatMap((type) => (type === i64 ? [i32, i32] : [type]));
    types
      .u8(0x60)
      .u32(flat.length)
      .u8(...flat, 1, i32);
    types
      .u8(0x60)
      .u32(params.length)
      .u8(...params, ...results);
    imports
      .name(linkImports.call)
      .name(entry.name)
      .u8(0)
      .u32(index * 2);
    functions.u32(index * 2 + 1);
    exports
      .name(entry.name)
      .u8(0)
      .u32(imported + index);
  });
  types.u8(0x60, 1, externref, 0);
  waiting.forEach((entry) => {
    imports
      .name(linkImports.wait)
      .name(entry.name)
      .u8(0)
      .u32(entries.indexOf(entry) * 2);
  });
  entries.forEach((entry, index) => {
    const suspending = entry.waits ? entries.length + waiting.indexOf(entry) : undefined;
    const body = encodeBody(entry.params, entry.result === "errno", index, suspending);
    code.u32(body.length).raw(body);
  });

  return encodeSections([
    makeSection(sectionId.type, types.finish()),
    makeSection(sectionId.import, imports.finish()),
    makeSection(sectionId.function, functions.finish()),
    makeSection(sectionId.export, exports.finish()),
    makeSection(sectionId.code, code.finish()),
  ]);
}

function encodeBody(
  params: string,
  answers: boolean,
  plain: number,
  suspending: number | undefined,
): Uint8Array {
  const result = params.length;
  const out = new ByteWriter().u8(1, 1, i32);
  out.u8(0x06, 0x40); // try
  pushArguments(out, params);
  out.u8(0x10).u32(plain).u8(0x22).u32(result);
  if (suspending !== undefined) {
    out.u8(0x41).s32(wouldBlock).u8(0x46, 0x04, 0x40);
    pushArguments(out, params);
    out.u8(0x10).u32(suspending).u8(0x21).u32(result).u8(0x0b);
  } else {
    out.u8(0x1a);
  }
  // catch tag; global.set thrown; unreachable; catch_all; unreachable; end
  out.u8(0x07, 0, 0x24, 1, 0x00, 0x19, 0x00, 0x0b);
  // global.get stop; if; unreachable; end
  out.u8(0x23, 0, 0x04, 0x40, 0x00, 0x0b);
  if (answers) out.u8(0x20).u32(result);
  else out.u8(0x00);
  return out.u8(0x0b).finish();
}

/** local.get of every parameter, an i64 as its low and its high half. */
function pushArguments(out: ByteWriter, params: string): void {
  [...params].forEach((letter, index) => {
    out.u8(0x20).u32(index);
    if (letter !== "I") return;
    out.u8(0xa7);
    out.u8(0x20).u32(index).u8(0x42, 32, 0x88, 0xa7);
  });
}
