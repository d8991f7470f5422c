export { type MeterExports, type MeteredModule, type MeterLimits, meterModule } from "./meter-module.ts";
