/** The update thread's program. An entry of its own in the build. */
import { EmendError, type ErrorCode, messageOf } from "../errors.ts";
import { giveWay } from "./thread-priority.ts";
import { type UpdateCall, UpdateOperations, type UpdateReply } from "./update-operations.ts";

giveWay();
const operations = new UpdateOperations();

addEventListener("message", ({ data }: MessageEvent<UpdateCall>) => void answer(data));

async function answer({ id, name, args }: UpdateCall): Promise<void> {
  try {
    const operation: (...args: never[]) => unknown = operations[name];
    // What was sent was checked by `UpdateThread.ask`, and threads send each other what they were given.
    const value = await operation.apply(operations, args as never[]);
    reply({ id, kind: "answer", value, problems: operations.takeProblems() });
  } catch (error) {
    reply({ id, problems: operations.takeProblems(), ...refusal(error) });
  }
}

function reply(message: UpdateReply): void {
  postMessage(message);
}

type Refusal = { kind: "refused"; code: ErrorCode; message: string } | { kind: "failed"; message: string };

function refusal(error: unknown): Refusal {
  const message = messageOf(error);
  return error instanceof EmendError
    ? { kind: "refused", code: error.code, message }
    : { kind: "failed", message: error instanceof Error ? (error.stack ?? message) : message };
}
