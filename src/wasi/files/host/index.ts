export { type HostDirectoryOptions, openHostDirectory } from "./open-host-directory.ts";
