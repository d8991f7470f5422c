export { type MappedModule, mapModule } from "./map-module.ts";
export { unmapModule } from "./unmap-module.ts";
