export { ConfineReport } from "./confine-report.ts";
export { limitOwnGroup } from "./control-group.ts";
export { giveState } from "./give-state.ts";
export { dropPrivileges, refuseNewPrivileges } from "./privileges.ts";
