/** `emend serve --confine`: what a node that was started as root is afterwards, and that it fails where nothing can be had. */
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isExecutableBuilt, runCommand, startNode, testToken } from "../support/executable.ts";
import { rawRequest } from "../support/raw-connection.ts";
import { waitFor } from "../support/serve-sites.ts";

const isRoot = process.platform === "linux" && process.getuid?.() === 0;

describe.skipIf(!isExecutableBuilt(import.meta.path) || !isRoot)(
  "emend serve --confine, started by root",
  () => {
    test("answers as nobody, with no way back, and says what it did", async () => {
      await using node = await startNode(["--ephemeral", "--confine"]);
      expect((await rawRequest(node.port, "GET /"))?.status).toBe(200);
      // The node says it behind its ready line.
      const says = "--confine: privileges: emend runs as nobody (";
      await waitFor("its words", () => node.stderr().includes(says));
      expect(node.stderr()).toMatch(/--confine: control group: (?:not done: )?\/?[^\n]+\n/);
      const status = readFileSync(`/proc/${node.pid}/status`, "latin1");
      const [, ...uids] = /^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$/m.exec(status) ?? [];
      expect(new Set(uids).size === 1 && uids[0] !== "0").toBe(true);
      expect(status).toContain("NoNewPrivs:\t1");
    });

    test("keeps its state as the user that it has become, also when it starts again", async () => {
      const dir = mkdtempSync(join(tmpdir(), "emend-confined-"));
      chmodSync(dir, 0o755);
      try {
        for (const words of ["is given to nobody", "is user"]) {
          await using node = await startNode(["--state", join(dir, "state"), "--confine"]);
          await waitFor("its words", () => node.stderr().includes("--confine: privileges:"));
          expect(node.stderr()).toContain(words);
          const floor = await fetch(`${node.ready.admin}/v1/sites/default/floor`, {
            method: "POST",
            headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json" },
            body: '{"to":0}',
          });
          expect([floor.status, await floor.text()]).toEqual([200, expect.any(String)]);
        }
        const { uid } = statSync(join(dir, "state/journal.db"));
        expect([uid === 0, uid === statSync(join(dir, "state")).uid]).toEqual([false, true]);
      } finally {
        rmSync(dir, { recursive: true });
      }
    });

    test("does not go on as root when it cannot become the user and has no group", async () => {
      const { exitCode, stderr } = await runCommand([
        "serve",
        "--ephemeral",
        "--addr",
        "127.0.0.1:0",
        "--admin",
        "off",
        "--confine",
        "--user",
        "no-such-user",
      ]);
      // Where control groups can be written one wall stands, and it serves until it is ended.
      if (exitCode === 1) expect(stderr).toContain("emend: --confine: nothing of it could be done");
      else expect(stderr).not.toContain("nothing of it could be done");
    });
  },
);
