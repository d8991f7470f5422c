export { ConfineReport } from "./confine-report.ts";
export { limitOwnGroup } from "./control-group.ts";
export { dropPrivileges, refuseNewPrivileges } from "./privileges.ts";
