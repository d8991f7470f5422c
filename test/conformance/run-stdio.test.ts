/** stdin, stdout, stderr, time and exit of `emend run`: on pipes, files, sockets and terminals, fast and slow. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createScratch } from "../support/executable.ts";
import { kitPath, ownGuest, pattern } from "../support/guests.ts";
import { type ProcessRequest, runArguments, runProcess } from "../support/run-process.ts";

const scratch = createScratch();
afterAll(() => scratch[Symbol.dispose]());

const stdio = join(scratch.path, "stdio.wasm");
const cat = join(scratch.path, "cat.wasm");
const body = join(scratch.path, "body");

beforeAll(async () => {
  writeFileSync(stdio, await ownGuest("stdio"));
  writeFileSync(cat, await ownGuest("cat"));
  writeFileSync(body, pattern(10_000_000));
});

interface ShellResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in which `"$@"` is `emend run` as asked: with the pipes and files that a shell makes. */
async function shell(script: string, request: ProcessRequest): Promise<ShellResult> {
  const child = Bun.spawn(["sh", "-c", script, "sh", ...runArguments(request)], {
    cwd: scratch.path,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [exitCode, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { exitCode, stdout, stderr };
}

const asked = (query: string, options: readonly string[] = []): ProcessRequest => ({
  module: stdio,
  env: { QUERY_STRING: query },
  options,
});

describe("emend run moves every byte, in order", () => {
  const scripts: [what: string, script: string][] = [
    ["from file to file", '"$@" < body > out'],
    ["through pipes", 'cat body | "$@" | cat > out'],
    ["from a pipe that pauses", '(head -c 5000000 body; sleep 0.2; tail -c 5000000 body) | "$@" > out'],
    ["to a pipe that is read late", '"$@" < body | (sleep 0.3; cat > out)'],
  ];
  for (const [what, script] of scripts) {
    test(what, async () => {
      const { exitCode, stderr } = await shell(`${script}; cmp body out`, { module: cat });
      expect([exitCode, stderr]).toEqual([0, ""]);
    });
  }

  test("through sockets", async () => {
    const bytes = pattern(3_000_000);
    const { exitCode, stdout } = await runProcess({ module: cat, stdin: bytes });
    expect([exitCode, stdout.equals(bytes)]).toEqual([0, true]);
  });

  test("of stdout and stderr by turns, where both are one pipe that is read late", async () => {
    const { stdout } = await shell('"$@" 2>&1 | (sleep 0.3; cat)', asked("do=turns&n=20000"));
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join("");
    expect(stdout === lines).toBe(true);
  });
});

describe("emend run gives its guest as stdin", () => {
  const scripts: [what: string, script: string, stderr: string][] = [
    ["the end of /dev/null", '"$@" < /dev/null', "end\n"],
    ["the end of a descriptor that is closed", '"$@" <&-', "end\n"],
    ["a file, whose bytes are always there", 'printf ab > ab; "$@" < ab', "read ab\nend\n"],
    [
      "a pipe, whose bytes are waited for",
      '(sleep 0.5; printf ab; sleep 0.5) | "$@"',
      "read EAGAIN\npoll stdin\nread ab\nread EAGAIN\npoll stdin\nend\n",
    ],
  ];
  for (const [what, script, wanted] of scripts) {
    test(what, async () => {
      const { exitCode, stderr } = await shell(script, asked("do=poll"));
      // The first byte may come by itself: it was what woke the guest.
      expect(stderr.replace("read a\nread b\n", "read ab\n")).toBe(wanted);
      expect(exitCode).toBe(0);
    });
  }

  test("nothing while a clock is due first", async () => {
    const { stderr } = await shell('sleep 0.7 | "$@"', asked("do=poll&ms=100"));
    expect(stderr).toStartWith("read EAGAIN\npoll clock\nread EAGAIN\npoll clock\n");
    expect(stderr).toEndWith("poll stdin\nend\n");
  });

  test("no byte more than it read: the rest is there for who comes next", async () => {
    const script = 'printf "one\\ntwo\\n" > lines; ("$@" > first; cat) < lines';
    const { stdout } = await shell(script, asked("do=exit"));
    expect(stdout).toBe("one\ntwo\n");
  });
});

describe("emend run tells its guest", () => {
  test("EPIPE when nobody reads any more, and ends with the guest's code", async () => {
    const { stdout, stderr } = await shell('("$@"; echo "code $?" >&2) | head -c 10', asked("do=flood"));
    expect(stdout.length).toBe(10);
    expect(stderr).toBe("fd_write EPIPE after some blocks\ncode 0\n");
  });

  test.skipIf(!existsSync("/dev/full"))("ENOSPC when the disk behind stdout is full", async () => {
    const { stderr } = await shell('"$@" > /dev/full', asked("do=flood"));
    expect(stderr).toBe("fd_write ENOSPC at once\n");
  });

  test("that stdin is a directory, where it is", async () => {
    const { stderr } = await shell('"$@" < .', asked("do=poll"));
    expect(stderr).toBe("read EISDIR\n");
  });

  test("of files and pipes that they are no terminal", async () => {
    const { stderr } = await shell('"$@" < body | cat', asked("do=kinds"));
    expect(stderr).toBe("types 0 0 0\n");
  });

  test("of a terminal that it is one", async () => {
    let shown = "";
    const child = Bun.spawn(runArguments(asked("do=kinds")), {
      terminal: {
        data: (_terminal, bytes) => {
          shown += Buffer.from(bytes).toString();
        },
      },
    });
    expect(await child.exited).toBe(0);
    child.terminal?.close();
    expect(shown).toBe("types 2 2 2\r\n");
  });
});

describe("emend run exits with", () => {
  const codes: [asked: number, exit: number][] = [
    [0, 0],
    [1, 1],
    [2, 2],
    [125, 125],
    [126, 126],
    [134, 134],
    [255, 255],
    [65_535, 255],
    // No failure becomes a success where its low eight bits are 0.
    [256, 1],
    [257, 1],
    [512, 1],
  ];
  for (const [code, exit] of codes) {
    test(`${exit} for proc_exit(${code})`, async () => {
      expect(await runProcess(asked(`do=exit&code=${code}`))).toMatchObject({ exitCode: exit, stderr: "" });
    });
  }

  const late = "emend: stdio.wasm was ended: its time is over\n";
  test("124 when a guest that waits has no time left", async () => {
    const { exitCode, stderr, durationMs } = await runProcess({
      module: kitPath("c-sse/c-sse.wasm")!,
      env: { QUERY_STRING: "10,10000" },
      options: ["--timeout", "300"],
    });
    expect([exitCode, stderr]).toEqual([124, late.replace("stdio", "c-sse")]);
    expect(durationMs).toBeGreaterThan(300);
  });

  test("124 when a guest that never waits has no time left", async () => {
    const { exitCode, stderr } = await runProcess(asked("do=spin", ["--timeout", "300"]));
    expect([exitCode, stderr]).toEqual([124, late]);
  });

  test("124 when nobody reads what it writes", async () => {
    const script = '("$@"; echo "code $?" >&2) | sleep 3';
    const { stderr } = await shell(script, asked("do=flood", ["--timeout", "300"]));
    expect(stderr).toBe(`${late}code 124\n`);
  });

  test("124 when stdin says nothing", async () => {
    const { stderr } = await shell('sleep 3 | ("$@"; echo "code $?" >&2)', {
      module: cat,
      options: ["--timeout", "300"],
    });
    expect(stderr).toBe(`${late.replace("stdio", "cat")}code 124\n`);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`the signal's own end after ${signal}`, async () => {
      const child = Bun.spawn(runArguments(asked("do=poll")), {
        stdin: "pipe",
        stdout: "ignore",
        stderr: "pipe",
      });
      // Its first line says that it runs, and that it waits next.
      await child.stderr.getReader().read();
      child.kill(signal);
      await child.exited;
      expect(child.signalCode).toBe(signal);
    });
  }
});

describe("emend run gives its guest", () => {
  test("everything behind the module as arguments, whatever it looks like", async () => {
    const { stdout } = await runProcess({
      module: kitPath("c-cgi-env/c-cgi-env.wasm")!,
      args: ["--help", "-x", "--", "--dir", "é 😀", ""],
    });
    expect(stdout.toString()).toStartWith(
      "Content-Type: text/plain\n\nargc=7\nargv[0]=c-cgi-env.wasm\nargv[1]=--help\nargv[2]=-x\nargv[3]=--\n" +
        "argv[4]=--dir\nargv[5]=é 😀\nargv[6]=\nenvc=0\n",
    );
  });

  test("the variables that it is told and no others", async () => {
    const request: ProcessRequest = {
      module: kitPath("c-cgi-env/c-cgi-env.wasm")!,
      options: ["--env", "A=1", "--env", "OWN", "--env", "NONE", "--env", "B=x=é", "--env", "A=2"],
    };
    const { stdout } = await shell('OWN="here" OTHER=1 "$@"', request);
    expect(stdout).toEndWith("envc=3\nA=2\nB=x=é\nOWN=here\n");
  });
});

describe("emend run refuses", () => {
  const file = join(scratch.path, "file");
  const refusals: [what: string, args: string[], exitCode: number, stderr: string][] = [
    ["no module", [], 2, "error: missing required argument 'module'"],
    ["an unknown option", ["--nothing", "x"], 2, "error: unknown option '--nothing'"],
    ["a directory without a name", ["--dir", "a::", "x"], 2, 'emend: --dir "a::": expected HOST::GUEST'],
    ["a variable without a name", ["--env", "=1", "x"], 2, 'emend: --env "=1": expected NAME=VALUE or NAME'],
    ["no time at all", ["--timeout", "0", "x"], 2, 'emend: --timeout "0": expected whole milliseconds'],
    ["a module that is not there", ["gone.wasm"], 1, "emend: cannot read gone.wasm: it does not exist\n"],
    ["a directory as a module", ["."], 1, "emend: cannot read .: it is a directory\n"],
    ["a directory that is not there", ["--dir", "gone", stdio], 1, "emend: gone: expected a directory"],
    ["a file as a directory", ["--dir", `${file}::/`, stdio], 1, `emend: ${file}: expected a directory`],
    ["what is no module", [file], 1, "emend: file: not a WebAssembly module that emend can run"],
  ];
  beforeAll(() => {
    writeFileSync(file, "text");
  });
  for (const [what, args, exitCode, message] of refusals) {
    test(what, async () => {
      const [bun, main] = runArguments(asked(""));
      const child = Bun.spawn([bun!, main!, "run", ...args], {
        cwd: scratch.path,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [code, stdout, stderr] = await Promise.all([
        child.exited,
        child.stdout.text(),
        child.stderr.text(),
      ]);
      expect([code, stdout]).toEqual([exitCode, ""]);
      expect(stderr).toStartWith(message);
      expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    });
  }
});
