/** What guests of a route find open: /site, /tmp and the operator's mounts, as site.toml and emend.toml give them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseNodeConfig } from "../../src/config/index.ts";
import { openMounts } from "../../src/site-mounts.ts";
import { ownGuest } from "../support/guests.ts";
import { type ServedSites, serveSite } from "../support/serve-sites.ts";

const scratch = mkdtempSync(join(tmpdir(), "emend-directories-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** EROFS. */
const rofs = 69;

function mounted(name: string): string {
  const path = join(scratch, name);
  mkdirSync(join(path, "data"), { recursive: true });
  writeFileSync(join(path, "data/note.txt"), `of ${name}`);
  return path;
}

describe("a guest's directories", () => {
  let site: ServedSites;
  beforeAll(async () => {
    const route = (path: string, keys: string): string =>
      `[[route]]\npath = "${path}"\nmodule = "guest.wasm"\ntimeout_ms = 20000\ncpu_ms = 5000\n${keys}\n`;
    site = await serveSite({
      files: {
        "guest.wasm": await ownGuest("directories"),
        "data/note.txt": "of the release",
        "secret/note.txt": "-",
      },
      toml:
        route("/plain", "") +
        route("/files", 'files = ["data/**"]') +
        route("/other", 'files = ["secret/*", "*.wasm"]') +
        route("/small", 'scratch = "512 KiB"') +
        route("/none", "scratch = 0"),
      mounts: [
        { host: mounted("ro"), guest: "/ro", readOnly: true },
        { host: mounted("rw"), guest: "/srv/rw", readOnly: false },
      ],
    });
  });
  afterAll(() => site.stop());

  const mounts = `/ro made ${rofs} note of ro\n/srv/rw made 0 wrote all note of rw\n`;
  test.each([
    ["/plain", `${mounts}/tmp made 0 wrote all\n`],
    ["/files", `/site made ${rofs} note of the release\n${mounts}/tmp made 0 wrote all\n`],
    ["/other", `/site made ${rofs}\n${mounts}/tmp made 0 wrote all\n`],
    ["/small", `${mounts}/tmp made 0 wrote less\n`],
    ["/none", mounts],
  ])("are those of its route: %s", async (path, expected) => {
    for (let request = 0; request < 3; request++) {
      rmSync(join(scratch, "rw/left"), { force: true });
      expect(await (await fetch(site.url + path)).text()).toBe(expected);
    }
    expect(readFileSync(join(scratch, "rw/left")).length).toBe(1024 ** 2);
    expect(existsSync(join(scratch, "ro/left"))).toBe(false);
  });

  test("hold a scratch of their own for each of many requests at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(`${site.url}/plain`)).text()),
    );
    for (const answer of answers) expect(answer).toEndWith("/tmp made 0 wrote all\n");
  });
});

describe("openMounts", () => {
  test("names a directory that is not there", () => {
    const host = join(scratch, "none");
    expect(openMounts([{ host, guest: "/data", readOnly: true }])).rejects.toThrow(
      `${host}: expected a directory that can be opened`,
    );
  });

  test("takes what emend.toml says", async () => {
    const toml = `[[site]]\n[[site.mount]]\nhost = ${JSON.stringify(mounted("toml"))}\nguest = "/data"\n`;
    const [preopen] = await openMounts(parseNodeConfig(toml, "emend.toml").sites[0]!.mounts);
    expect([preopen?.name, preopen?.readOnly]).toEqual(["/data", true]);
    preopen?.directory.close();
  });
});
