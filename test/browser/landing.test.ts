/** The landing page in a real browser: under its own content security policy, with every handler called. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { findBrowser, launchBrowser } from "../support/browser.ts";
import { isExecutableBuilt, type NodeProcess, startNode } from "../support/executable.ts";
import { waitFor } from "../support/serve-sites.ts";

const chromium = findBrowser(import.meta.path);
const isRunnable = isExecutableBuilt(import.meta.path) && chromium !== undefined;

// A browser on a busy machine takes its time to start.
setDefaultTimeout(30_000);

describe.skipIf(!isRunnable)("the landing page", () => {
  let node: NodeProcess;
  let browser: Browser;
  let page: Page;
  /** Everything that a developer would see in red: errors, refusals by the policy, failed requests. */
  const complaints: string[] = [];
  beforeAll(async () => {
    [node, browser] = await Promise.all([startNode(["--ephemeral"]), launchBrowser(chromium!)]);
    page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("requestfailed", (request) => {
      // What the page itself gives up: the stream at Stop, the emblem when it learns of which release it is to be.
      const { errorText } = request.failure() ?? { errorText: "it failed" };
      if (errorText !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${errorText}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${response.url()} answered ${response.status()}`);
    });
    await page.goto(node.url);
  });
  afterAll(async () => {
    await browser?.close();
    await node?.[Symbol.asyncDispose]();
  });

  /** Waits until an output says what it should. */
  const untilText = (selector: string, words: RegExp): Promise<unknown> =>
    page.locator(selector).filter({ hasText: words }).waitFor();

  test("says which node and which release answer", async () => {
    expect(await page.title()).toBe("emend node");
    await untilText("#release", /^[0-9a-f]{12}$/);
    expect(await page.locator("#release").textContent()).toBe(node.ready.sites[0]!.release.slice(7, 19));
    expect(await page.locator("#host").textContent()).toBe(new URL(node.url).host);
    expect(await page.locator("#protocol").textContent()).toBe("HTTP/1.1");
    await untilText("#round-trip", /ms through a handler/);
    expect(await page.locator("#changed").isHidden()).toBe(true);
  });

  test("draws the emblem of the release with the seal handler", async () => {
    const drawn = `document.getElementById("seal").complete && document.getElementById("seal").naturalWidth > 0`;
    await page.waitForFunction(drawn);
    expect(await page.locator("#seal").getAttribute("src")).toBe(
      `/seal?of=${node.ready.sites[0]!.release.slice(7, 19)}`,
    );
  });

  test("is styled: the policy lets its style sheet in", async () => {
    const styled = `getComputedStyle(document.querySelector(".cards")).display`;
    expect(await page.evaluate<string>(styled)).toBe("grid");
  });

  test("hello greets by name and has seen one request, a hundred times over", async () => {
    await page.locator("#name").fill("Grace <b>&");
    await page.getByRole("button", { name: "Greet" }).click();
    await untilText("#hello-out", /^Hello, Grace <b>&! Requests I have seen: 1\./);
    await page.locator("#burst").click();
    await untilText("#hello-out", /All 100 had seen 1\.$/);
    expect(await page.locator("#hello-chart rect").count()).toBe(100);
  });

  test("stream shows each event when it arrives, and can be stopped", async () => {
    await page.locator("#n").fill("8");
    await page.locator("#ms").fill("150");
    await page.locator("#stream-button").click();
    await untilText("#stream-out", /^Event 2 of 8/);
    // Shown while the others are still to come: nothing on the way holds the body back.
    expect(await page.locator("#stream-chart rect").count()).toBeLessThan(8);
    await untilText("#stream-out", /^8 events in .* each shown as it arrived\.$/);
    expect(await page.locator("#stream-chart rect").count()).toBe(8);
    await page.locator("#ms").fill("2000");
    await page.locator("#stream-button").click();
    await untilText("#stream-out", /^Event 1 of 8/);
    await page.locator("#stream-button").click();
    await untilText("#stream-out", /^Stopped\./);
    // The line of a request is written when its guest has ended: the second one did, long before its 14 s.
    await waitFor(
      "the guest to end",
      () => node.records().filter(({ path }) => path === "/stream").length === 2,
    );
  });

  test("echo gives back text, a megabyte and the variables of the request", async () => {
    await page.getByRole("button", { name: "Send it" }).click();
    await untilText("#echo-out", /naïve café, 日本語, 🦉\s+\d+ bytes out and the same bytes back/);
    await page.locator("#megabyte").click();
    await untilText("#echo-out", /1,048,576 bytes out and the same bytes back/);
    await page.locator("#variables").click();
    await untilText("#echo-out", /QUERY_STRING=q=1/);
  });

  test("links lead to the handlers, and the answer in HTML keeps to the site's look", async () => {
    const other = await browser.newPage();
    await other.goto(`${node.url}/hello?name=you`);
    expect(await other.locator("h1").textContent()).toBe("Hello, you!");
    await other.getByRole("link", { name: "Back to the node" }).click();
    await other.waitForURL(`${node.url}/`);
    await other.close();
  });

  test("fits a small screen without scrolling sideways", async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    const overflow = `document.documentElement.scrollWidth - document.documentElement.clientWidth`;
    expect(await page.evaluate<number>(overflow)).toBeLessThanOrEqual(0);
  });

  test("tells when the node has moved to another release", async () => {
    await page.route("**/echo/any/path?q=1", async (route) => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        headers: { ...response.headers(), "x-emend-release": "000000000000" },
      });
    });
    await page.locator("#variables").click();
    await page.locator("#changed").waitFor({ state: "visible" });
  });

  test("made the browser complain about nothing", () => {
    expect(complaints).toEqual([]);
  });
});
