export {
  ImmediateList,
  immediateKind,
  isSignedImmediate,
  scanBody,
  scanExpression,
} from "./immediate.ts";
export { type Opcode, opcode, readInstruction } from "./instruction.ts";
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
export { type FunctionType, formatSignature, type Limits, type ValueType } from "./types.ts";
