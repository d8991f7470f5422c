/** Modules from the text format, written where the test is that needs them. */
import type Binaryen from "assemblyscript/binaryen";

let loaded: Promise<typeof Binaryen> | undefined;

/**
 * Assembles the text format. All proposals may be used, so a reference is written in the form of the GC proposal.
 *
 * @throws Error when the text is not a valid module.
 */
export async function assembleText(text: string): Promise<Uint8Array<ArrayBuffer>> {
  loaded ??= import("assemblyscript/binaryen").then((each) => each.default);
  const binaryen = await loaded;
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(binaryen.Features.All);
    // Compiling AssemblyScript in the same process leaves these on, and then what has no effect (nop) is left out.
    binaryen.setGenerateStackIR(false);
    binaryen.setOptimizeStackIR(false);
    if (!module.validate()) throw new Error(`not a valid module: ${text}`);
    return new Uint8Array(module.emitBinary());
  } finally {
    module.dispose();
  }
}
