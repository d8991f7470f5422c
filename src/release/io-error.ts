/** What the operating system refused, as a sentence with the file's name in it instead of a stack trace. */
import { EmendError, messageOf } from "../errors.ts";

const sentences: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "it is not a directory",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links go round in a circle",
  EMFILE: "too many files are open",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  ETXTBSY: "the program in it is running",
};

/** Runs a step on a file; a system error becomes `io`: `cannot read /a/b: permission denied`. */
export function withIoErrors<Result>(step: string, file: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw ioError(step, file, error);
  }
}

/** The same for a step that takes its time. */
export async function withIoErrorsAsync<Result>(
  step: string,
  file: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw ioError(step, file, error);
  }
}

function ioError(step: string, file: string, error: unknown): EmendError {
  if (error instanceof EmendError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new EmendError("io", `cannot ${step} ${file}: ${sentences[code] ?? messageOf(error)}`, {
    cause: error,
  });
}
