export { type Answer, andThen, Failure, leadsOut, type Result } from "./answer.ts";
export { failureOfThrown } from "./host/system-errno.ts";
export { type HostFiles, loadHostFiles } from "./load-host-files.ts";
export { type DirectoryEntry, OpenDirectory, type OpenOptions } from "./open-directory.ts";
export { OpenFile, type Written } from "./open-file.ts";
export { OpenNode, type Stat, type Times, unsupported } from "./open-node.ts";
