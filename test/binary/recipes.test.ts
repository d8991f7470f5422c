/** The recipes of src/cli/recipes, followed to the letter: a recipe that nobody has tried is a guess. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emend, isExecutableBuilt, runCommand, startNode, testToken } from "../support/executable.ts";

const isBuilt = isExecutableBuilt(import.meta.path);
const recipes = join(import.meta.dir, "../../src/cli/recipes");
const scratch = mkdtempSync(join(tmpdir(), "emend-recipes-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const tmp = join(scratch, "tmp");

interface Step {
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}

/** The step of the workflow in the README that pushes. */
function pushingStep(): Step {
  const yaml = /```yaml\n(.*?)```/s.exec(readFileSync(join(recipes, "README.md"), "utf8"))?.[1];
  const workflow = Bun.YAML.parse(yaml!) as { jobs: { push: { steps: Step[] } } };
  return workflow.jobs.push.steps.at(-1)!;
}

/** Runs a step as a pipeline does: a shell that stops at the first error, with these secrets and variables. */
async function runStep(
  { env = {}, run = "" }: Step,
  values: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; stderr: string }> {
  const filled = Object.entries(env).map(([name, text]) => [
    name,
    text.replace(/\$\{\{ (\S+) \}\}/g, (_, value: string) => values[value] ?? ""),
  ]);
  const child = Bun.spawn(["sh", "-e", "-c", run], {
    cwd: scratch,
    env: { PATH: process.env.PATH ?? "", TMPDIR: tmp, ...Object.fromEntries(filled) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return { stderr: await child.stderr.text(), exitCode: await child.exited };
}

describe.skipIf(!isBuilt)("the pipeline of the recipes", () => {
  const run = (...args: string[]) => runCommand(args, { cwd: scratch, env: { EMEND_TOKEN: testToken } });
  const page = (name: string): void => writeFileSync(join(scratch, "site/public/index.html"), name);
  const secrets = (key: string, admin: string): Record<string, string> => ({
    "secrets.EMEND_KEY": readFileSync(join(scratch, `${key}.key`), "utf8").trimEnd(),
    "secrets.EMEND_TOKEN": testToken,
    "github.sha": "0123abcd",
    "vars.EMEND_NODE": admin,
  });

  beforeAll(async () => {
    for (const dir of ["tools", "tmp"]) mkdirSync(join(scratch, dir));
    cpSync(join(recipes, "push-release.sh"), join(scratch, "tools/push-release.sh"));
    await run("init", "site");
    for (const name of ["ci", "other"]) await run("keygen", "-o", name, "--no-passphrase");
    await run("build", "site", "-o", "node", "--key", "ci.pub");
    useProgram(`exec ${emend} "$@"`);
  });

  /** What the pipeline finds as its emend. */
  function useProgram(script: string): void {
    writeFileSync(join(scratch, "tools/emend"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(scratch, "tools/emend"), 0o755);
  }

  const start = () =>
    startNode(["--ephemeral"], { program: join(scratch, "node"), env: { EMEND_TOKEN: testToken } });
  const step = pushingStep();
  const atOnce = { ...step, run: step.run!.replace(" --canary 5", "") };

  test("pushes what is in the directory, under the commit's name, and leaves nothing behind", async () => {
    await using node = await start();
    page("first");
    expect(await runStep(atOnce, secrets("ci", node.ready.admin!))).toEqual({ exitCode: 0, stderr: "" });
    expect(await (await fetch(node.url)).text()).toBe("first");
    const status = JSON.parse((await run("status", "--to", node.ready.admin!, "--json")).stdout);
    expect(status.sites[0].releases[0].label).toBe("0123abcd");
    expect([...new Bun.Glob("**").scanSync({ cwd: tmp, dot: true })]).toEqual([]);
  });

  test("starts a canary, as it is written", async () => {
    await using node = await start();
    page("tried");
    expect(await runStep(step, secrets("ci", node.ready.admin!))).toEqual({ exitCode: 0, stderr: "" });
    const status = JSON.parse((await run("status", "--to", node.ready.admin!, "--json")).stdout);
    expect(status.sites[0].canary).toMatchObject({ state: "running", percent: 5 });
  });

  test("ends with 3 and the reason when the node refuses", async () => {
    await using node = await start();
    page("second");
    const { exitCode, stderr } = await runStep(atOnce, secrets("other", node.ready.admin!));
    expect([exitCode, stderr.trimEnd().split(" ").at(-1)]).toEqual([3, "patch.unknown-key"]);
    expect([...new Bun.Glob("**").scanSync({ cwd: tmp, dot: true })]).toEqual([]);
  });

  test("makes the patch again when somebody else was faster", async () => {
    await using node = await start();
    const to = node.ready.admin!;
    cpSync(join(scratch, "site"), join(scratch, "theirs"), { recursive: true });
    writeFileSync(join(scratch, "theirs/public/index.html"), "theirs");
    // Theirs arrives between our patch and our push.
    useProgram(`if [ "$1" = push ] && [ ! -e ${scratch}/faster ]; then
      touch ${scratch}/faster
      ${emend} patch --from ${to} --to ${scratch}/theirs --key ${scratch}/ci.key -o ${scratch}/theirs.emend >&2 &&
      ${emend} push ${scratch}/theirs.emend --to ${to} > ${scratch}/theirs.log || exit 9
    fi
    exec ${emend} "$@"`);
    page("ours");
    const { exitCode, stderr } = await runStep(atOnce, secrets("ci", to));
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(/patch\.(wrong-base|sequence)\n.*attempt 2\n$/s),
    ]);
    expect(await (await fetch(node.url)).text()).toBe("ours");
    expect(readFileSync(join(scratch, "theirs.log"), "utf8")).toContain("it answers from now on");
  });

  test("says what is missing", async () => {
    const child = Bun.spawnSync(["sh", join(recipes, "push-release.sh"), "site"], { env: { PATH: "" } });
    expect(child.stderr.toString()).toContain("expected the admin address");
    expect(child.exitCode).not.toBe(0);
  });
});
