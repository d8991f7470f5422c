/**
 * What a file operation answers: a value, a failure, or a promise of either. Files in memory answer at once;
 * only what a disk is asked for comes later, and only then is the guest suspended.
 */
import { errno } from "../errno.ts";

/** Why a file operation failed: an errno of preview 1. Files never throw at a guest's doing. */
export class Failure {
  readonly errno: number;

  private constructor(errno: number) {
    this.errno = errno;
  }

  static readonly #byErrno = new Map<number, Failure>();

  /** The one failure of an errno. */
  static of(errno: number): Failure {
    let failure = Failure.#byErrno.get(errno);
    if (failure === undefined) {
      failure = new Failure(errno);
      Failure.#byErrno.set(errno, failure);
    }
    return failure;
  }
}

/** A path that leads out of the directory it begins in, by `..`, an absolute path or a symbolic link: EPERM. */
export const leadsOut: Failure = Failure.of(errno.perm);

export type Result<T> = T | Failure;

/** The promise never rejects. */
export type Answer<T> = Result<T> | Promise<Result<T>>;

/** What follows on a value, at once where that is there. */
export function andThen<T, U>(answer: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  if (answer instanceof Promise) return answer.then((result) => andThen(result, next));
  return answer instanceof Failure ? answer : next(answer);
}
