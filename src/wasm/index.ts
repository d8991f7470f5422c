export { type ExposedModule, exposeState, type StateExports } from "./expose-state.ts";
export {
  ImmediateList,
  immediateKind,
  isSignedImmediate,
  scanBody,
  scanExpression,
} from "./immediate.ts";
export { type Opcode, opcode, readInstruction } from "./instruction.ts";
export { type MeterExports, type MeteredModule, type MeterLimits, meterModule } from "./meter/index.ts";
export {
  decodeModule,
  type Export,
  functionTypeAt,
  type GlobalType,
  type Import,
  type ModuleInfo,
  scanCode,
  type TableType,
} from "./module.ts";
export {
  decodeSections,
  encodeSections,
  makeSection,
  replaceSection,
  type Section,
  sectionId,
} from "./section.ts";
export type { Limits } from "./size-limits.ts";
export { unrestorableState } from "./state.ts";
export { type FunctionType, formatSignature } from "./type-section.ts";
export type { ValueType } from "./value-type.ts";
