export { abiSignature, type CheckedImport, checkCommand, checkImports, decode } from "./check-module.ts";
export {
  type CompiledModule,
  compileCommand,
  compileHandler,
  compileRewritten,
} from "./compiled-module.ts";
export { Guest, type GuestLimit, type GuestRun, type GuestSite } from "./guest.ts";
export { Instance, type Outcome } from "./instance.ts";
export { LazyPool } from "./lazy-pool.ts";
export { measureReset, type ResetReport } from "./measure.ts";
export { MachineMemory } from "./memory/machine-memory.ts";
export { NodeMemory } from "./memory/node-memory.ts";
export type { SiteMemory } from "./memory/site-memory.ts";
export { type Growth, type Meter, sliceFuelMax } from "./meter.ts";
export { GuestPool, type Pool, type PoolStatus } from "./pool.ts";
export { rewriteHandler } from "./rewrite-command.ts";
export { decodeRewritten, encodeRewritten } from "./rewritten-module.ts";
export { CpuShare } from "./scheduler/cpu-share.ts";
export { Scheduler } from "./scheduler/scheduler.ts";
export { type Strategy, StrategyChoice } from "./strategy.ts";
