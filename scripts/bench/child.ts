/** Servers under test: started on a free port of the loopback, watched through /proc, ended by their process id. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { Socket } from "bun";

/** How to start a server. It prints a line with its URL when it listens; `url` is for one that does not. */
export interface ServerCommand {
  readonly name: string;
  readonly argv: readonly string[];
  readonly url?: string;
  /** What to ask it for. */
  readonly path: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that answers. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** With the path to ask for. */
  readonly url: string;
  /** From exec to the line with its URL, milliseconds. */
  readonly listeningMs: number;
  /** From that line to the first byte of its first 200, milliseconds. */
  readonly firstAnswerMs: number;
  readonly stop: () => Promise<void>;
}

/** How long a server may take to listen and to answer. */
const startMsMax = 15_000;

/** Ends children even when the benchmark fails. */
const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
process.on("SIGINT", () => process.exit(130));

/** Starts a server and waits for its first 200. @throws Error when it ends, stays silent or answers otherwise. */
export async function startChild(command: ServerCommand): Promise<Child> {
  const { name, argv, path } = command;
  const startedMs = performance.now();
  const child = Bun.spawn([...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...command.env },
  });
  const output = child.stdout[Symbol.asyncIterator]();
  const errors = child.stderr.text();
  running.add(child);
  let isWanted = true;
  child.exited.then(async (code) => {
    if (!isWanted) return;
    // Whoever asks it next fails; this says why.
    process.stderr.write(`${name} ended by itself, ${child.signalCode ?? code}: ${await errors}\n`);
  });
  const base = await within(command.url ?? urlFrom(output), name, errors);
  const listeningMs = performance.now() - startedMs;
  const url = `${base}${path}`;
  await within(firstAnswer(url), name, errors);
  const firstAnswerMs = performance.now() - startedMs - listeningMs;
  drain(output);
  return {
    name,
    pid: child.pid,
    url,
    listeningMs,
    firstAnswerMs,
    stop: async () => {
      isWanted = false;
      child.kill("SIGKILL");
      await child.exited;
      running.delete(child);
    },
  };
}

/** CPU time of a process with all its threads, user and system, milliseconds. Steps are of 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // proc(5): utime and stime are fields 14 and 15, counted from pid; state, the first behind the name, is 3.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** CPU time of the threads that a process has now, milliseconds to the nanosecond: for a process that hardly runs. */
export function fineCpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const ns = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "latin1").split(" ")[0]),
  );
  return ns.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** CPU time of a process's main thread, milliseconds to the nanosecond. */
export function mainThreadCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

/** Resident memory, MB of 1,000,000 bytes. */
export function rssMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return (Number(kib) * 1024) / 1e6;
}

/**
 * Memory that is a process's own, MB of 1,000,000 bytes: anonymous pages, and the large blobs of Bun, which lie in files
 * of memory that are only sometimes mapped. Pages of its program come and go with what runs.
 */
export function heldMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const anonymous = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  const inodes = new Map<number, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${fd}`;
    try {
      if (!readlinkSync(path).startsWith("/memfd:")) continue;
      const { ino, blocks } = statSync(path);
      inodes.set(ino, blocks * 512);
    } catch {
      // Closed meanwhile.
    }
  }
  const files = [...inodes.values()].reduce((sum, bytes) => sum + bytes, 0);
  return (anonymous + files) / 1e6;
}

/** A port that was free a moment ago, for servers that cannot choose one. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** The result of a step of the start; what the server itself had to say is part of a failure. */
async function within<T>(work: T | Promise<T>, name: string, errors: Promise<string>): Promise<T> {
  const late = Bun.sleep(startMsMax).then((): never => {
    throw new Error(`no answer in ${startMsMax} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    const said = await Promise.race([errors, Bun.sleep(100).then(() => "")]);
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}\n${said}`);
  }
}

async function urlFrom(output: AsyncIterator<Uint8Array>): Promise<string> {
  let text = "";
  for (;;) {
    const { done, value } = await output.next();
    if (done) throw new Error(`it ended before it listened: ${text}`);
    text += Buffer.from(value).toString();
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (url !== undefined) return url;
  }
}

/** Reads on, so that a server never waits for us in a write of its log. */
async function drain(output: AsyncIterator<Uint8Array>): Promise<void> {
  while (!(await output.next()).done);
}

/** Asks over a plain socket: a fetch of its own would take longer to warm up than the server. */
async function firstAnswer(url: string): Promise<void> {
  const { hostname, port, host, pathname } = new URL(url);
  for (;;) {
    const answer = await ask(hostname, Number(port), `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    if (answer?.startsWith("HTTP/1.1 200 ")) return;
    if (answer !== undefined) throw new Error(`${pathname} answered ${answer.split("\r\n")[0]}`);
    await Bun.sleep(1);
  }
}

/** The first bytes of the answer, undefined when nobody listens yet. */
async function ask(hostname: string, port: number, request: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let answer = "";
  const take = (socket: Socket, bytes: Buffer): void => {
    answer += bytes.toString("latin1");
    if (answer.length < "HTTP/1.1 200 ".length) return;
    resolve(answer);
    socket.end();
  };
  try {
    await Bun.connect({
      hostname,
      port,
      socket: {
        open: (socket) => void socket.write(request),
        data: take,
        close: () => resolve(undefined),
        connectError: () => resolve(undefined),
      },
    });
  } catch {
    return undefined;
  }
  return promise;
}
