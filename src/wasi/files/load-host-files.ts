/** Real directories, loaded when somebody mounts one: a start without any does not read that code. */
export type HostFiles = typeof import("./host/index.ts");

export function loadHostFiles(): Promise<HostFiles> {
  return import("./host/index.ts");
}
