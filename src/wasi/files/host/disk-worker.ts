/**
 * The disk thread's program: one operation after the other, in the order in which they come. An entry of its own in
 * the build.
 */
import { Failure } from "../answer.ts";
import { type DiskCall, type DiskReply, diskOperations } from "./disk-operations.ts";

addEventListener("message", ({ data }: MessageEvent<DiskCall>) => {
  const operation: (...args: never[]) => unknown = diskOperations[data.name];
  // What was sent was checked by `DiskThread.ask`, and threads send each other what they were given.
  const value = operation(...(data.args as never[]));
  const reply: DiskReply =
    value instanceof Failure
      ? { id: data.id, errno: value.errno, value: undefined }
      : { id: data.id, errno: undefined, value };
  postMessage(
    reply,
    value instanceof Uint8Array && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
});
