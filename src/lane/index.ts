export { Lane, type LaneOptions, type ListenOptions, type Prepared } from "./lane.ts";
