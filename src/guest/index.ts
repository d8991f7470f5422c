export { abiSignature, type CheckedImport, checkCommand, checkImports, decode } from "./check-module.ts";
export { type CompiledModule, compileCommand } from "./compiled-module.ts";
export { Instance, type Outcome } from "./instance.ts";
export { LazyPool } from "./lazy-pool.ts";
export { measureReset, type ResetReport } from "./measure.ts";
export { type Growth, type Meter, sliceFuelMax } from "./meter.ts";
export { GuestPool, type Pool, type PoolStatus } from "./pool.ts";
export { type Strategy, StrategyChoice } from "./strategy.ts";
