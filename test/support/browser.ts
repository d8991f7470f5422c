/** The browser of this machine, for tests of pages: playwright-core drives it and downloads none of its own. */
import { accessSync, constants } from "node:fs";
import { basename } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const places = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

/** Where it is; undefined, with the reason printed, when there is none. `CHROMIUM` names another. */
export function findBrowser(testFile: string): string | undefined {
  const candidates = [Bun.env.CHROMIUM, ...names.map((name) => Bun.which(name)), ...places];
  const found = candidates.find((path) => typeof path === "string" && isProgram(path));
  if (found === undefined || found === null) {
    console.log(`${basename(testFile)} is skipped: no Chromium on this machine (CHROMIUM=FILE names one)`);
    return undefined;
  }
  return found;
}

/** Starts it without a window. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  // Root may not use Chromium's sandbox, and containers often have no large /dev/shm.
  const args = ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  return chromium.launch({ executablePath, args });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
