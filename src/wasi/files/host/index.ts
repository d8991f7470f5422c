export {
  type HostDirectoryOptions,
  openHostDirectory,
  openHostDirectoryOffThread,
} from "./open-host-directory.ts";
