/** What the disk or SQLite refused, as one of the store's two codes and a sentence that says what to do. */
import { EmendError, messageOf } from "../errors.ts";

/** No room: of the system's errors, of quotas and limits, of SQLite. */
const full = new Set(["ENOSPC", "EDQUOT", "EFBIG", "SQLITE_FULL"]);
const readOnly = new Set(["EROFS", "SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY"]);

/** The code of a system error or of SQLite, or nothing. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** `step` completes "cannot": `write /a/b`. */
export function storeError(step: string, error: unknown): EmendError {
  if (error instanceof EmendError) return error;
  const code = codeOf(error);
  if (full.has(code)) {
    const words = `cannot ${step}: the disk is full; nothing was changed: free some space and try again`;
    return new EmendError("store.full", words, { cause: error });
  }
  const reason = readOnly.has(code) ? "the file system is read-only" : messageOf(error);
  const words = `cannot ${step}: ${reason}; nothing was changed: what runs goes on, and the state directory needs a look`;
  return new EmendError("store.failed", words, { cause: error });
}

/** Runs a step; what it throws becomes one of the two codes. */
export function storeStep<Result>(step: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw storeError(step, error);
  }
}
