/** `emend run` as a process of its own, from the sources, with all that came out of it. */
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = join(import.meta.dir, "../../src/main.ts");

/** What a module is run with; what is left out is empty. */
export interface ProcessRequest {
  /** A path; its base name is the guest's argv[0]. */
  readonly module: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array;
  /** Values of `--dir`. */
  readonly dirs?: readonly string[];
  /** Options of emend before the module. */
  readonly options?: readonly string[];
}

/** How it ended. */
export interface ProcessResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly durationMs: number;
}

/** The command line of a request. */
export function runArguments({ module, args, env, dirs, options }: ProcessRequest): string[] {
  return [
    process.execPath,
    main,
    "run",
    ...(options ?? []),
    ...(dirs ?? []).flatMap((each) => ["--dir", each]),
    ...Object.entries(env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    module,
    ...(args ?? []),
  ];
}

/** Runs a module to its end; a process that has not ended after 30 s is killed, which shows as exit code 137. */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const beganMs = performance.now();
  const child = Bun.spawn(runArguments(request), {
    cwd: tmpdir(),
    env: { PATH: "" },
    stdin: request.stdin ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const [exitCode, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.bytes(),
    child.stderr.text(),
  ]);
  clearTimeout(timer);
  return { exitCode, stdout: Buffer.from(stdout), stderr, durationMs: performance.now() - beganMs };
}
