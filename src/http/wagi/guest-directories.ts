/** The directories that a route's guests find open: the release's files, a scratch of their own, the operator's mounts. */
import type { RouteConfig } from "../../config/index.ts";
import { createScratch, growReadOnlyTree, type OpenDirectory, type Preopen } from "../../wasi/index.ts";
import type { SiteContent, SiteFile } from "../content.ts";
import type { Pace } from "../pace.ts";
import { readVerified } from "../read-verified.ts";

type Steps<Result> = Generator<undefined, Result, undefined>;

export class GuestDirectories {
  readonly #globs: readonly string[];
  readonly #scratchBytes: number;
  readonly #content: SiteContent;
  readonly #mounts: readonly Preopen[];
  #shared: readonly Preopen[] | undefined;

  constructor({ files, scratchBytes }: RouteConfig, content: SiteContent, mounts: readonly Preopen[]) {
    this.#globs = files;
    this.#scratchBytes = scratchBytes;
    this.#content = content;
    this.#mounts = mounts;
  }

  /** Those of one run; only the scratch is new every time. */
  preopens(): readonly Preopen[] {
    this.#shared ??= this.#allAtOnce();
    return this.#scratchBytes === 0 ? this.#shared : [...this.#shared, scratch(this.#scratchBytes)];
  }

  /** Makes them before the first run asks, in pieces: a tree of 65,000 files takes a tenth of a second. */
  async prepare(pace: Pace): Promise<void> {
    const steps = this.#steps();
    let step = steps.next();
    while (!step.done) {
      await pace.step();
      step = steps.next();
    }
    this.#shared ??= step.value;
  }

  #allAtOnce(): readonly Preopen[] {
    const steps = this.#steps();
    let step = steps.next();
    while (!step.done) step = steps.next();
    return step.value;
  }

  *#steps(): Steps<readonly Preopen[]> {
    if (this.#globs.length === 0) return this.#mounts;
    const directory = yield* releaseFiles(this.#globs, this.#content);
    return [{ name: "/site", directory, readOnly: true }, ...this.#mounts];
  }
}

function scratch(bytesMax: number): Preopen {
  return { name: "/tmp", directory: createScratch(bytesMax), readOnly: false };
}

function* releaseFiles(globs: readonly string[], { files }: SiteContent): Steps<OpenDirectory> {
  const matchers = globs.map((glob) => new Bun.Glob(glob));
  const seen: SiteFile[] = [];
  for (const file of files.values()) {
    if (matchers.some((matcher) => matcher.match(file.path))) seen.push(file);
    yield;
  }
  const sources = seen.map((file) => ({
    path: file.path,
    sizeBytes: file.size,
    content: () => readVerified(file),
  }));
  return yield* growReadOnlyTree(sources);
}
