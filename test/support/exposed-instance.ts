/** Instances whose memories and globals a test can look into, made the way the pool makes them. */
import { ByteWriter, Cursor } from "../../src/bytes/index.ts";
import { type CompiledModule, Instance, type Meter } from "../../src/guest/index.ts";
import {
  decodeModule,
  encodeSections,
  makeSection,
  replaceSection,
  sectionId,
} from "../../src/wasm/index.ts";

export interface ExposedInstance {
  readonly instance: Instance;
  /** The bytes of every memory, as they are now. */
  memories(): Uint8Array[];
  /** The value of every exported global, by name. */
  globals(): Readonly<Record<string, unknown>>;
}

/** A fresh instance with its snapshot taken where that can be done. */
export async function exposedInstance(compiled: CompiledModule, meter?: Meter): Promise<ExposedInstance> {
  const { Instance: Original } = WebAssembly;
  let exports: Readonly<Record<string, unknown>> = {};
  // The instance keeps its exports to itself: they are noted where the engine makes them.
  class Noting extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args);
      if (args[0] === compiled.module) exports = this.exports;
    }
  }
  WebAssembly.Instance = Noting;
  let creating: Promise<Instance>;
  try {
    // Everything is instantiated before the first wait.
    creating = Instance.create(compiled, meter === undefined ? {} : { meter });
  } finally {
    WebAssembly.Instance = Original;
  }
  const instance = await creating;
  if (compiled.unrestorable.length === 0) instance.takeSnapshot();
  const found = exports;
  return {
    instance,
    memories: () =>
      compiled.exports.memories.map((name) => new Uint8Array((found[name] as WebAssembly.Memory).buffer)),
    globals: () =>
      Object.fromEntries(
        Object.entries(found).flatMap(([name, value]) =>
          value instanceof WebAssembly.Global ? [[name, value.value]] : [],
        ),
      ),
  };
}

/** The module with every mutable global exported that JavaScript can read (v128 it cannot). */
export function withGlobalsExported(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const module = decodeModule(bytes);
  const wanted = module.globals.flatMap(({ type, mutable }, index) =>
    mutable && type !== "v128" ? [index] : [],
  );
  const present = module.sections.find((section) => section.id === sectionId.export);
  const cursor = new Cursor(present?.payload ?? Uint8Array.of(0));
  const out = new ByteWriter().u32(cursor.u32() + wanted.length).raw(cursor.bytes.subarray(cursor.offset));
  for (const index of wanted) out.name(`test:global${index}`).u8(3).u32(index);
  return encodeSections(replaceSection(module.sections, makeSection(sectionId.export, out.finish())));
}
