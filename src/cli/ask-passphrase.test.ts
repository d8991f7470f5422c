import { afterEach, describe, expect, test } from "bun:test";
import { askPassphrase, canAsk, choosePassphrase } from "./ask-passphrase.ts";

const real = {
  stdin: Object.getOwnPropertyDescriptor(process, "stdin")!,
  stderr: Object.getOwnPropertyDescriptor(process, "stderr")!,
};
afterEach(() => {
  Object.defineProperties(process, real);
});

/** A terminal on which somebody types these pieces, and what it was told to do. */
function terminal(...typed: readonly string[]): { did: string[]; isTTY: boolean } {
  const did: string[] = [];
  const seen = { did, isTTY: true };
  const stdin = {
    get isTTY() {
      return seen.isTTY;
    },
    setRawMode: (raw: boolean) => did.push(`raw ${raw}`),
    iterator: async function* () {
      for (const piece of typed) yield new TextEncoder().encode(piece);
    },
    pause: () => did.push("pause"),
    unref: () => {},
  };
  const stderr = { isTTY: true, write: (text: string) => did.push(text) };
  for (const [name, value] of Object.entries({ stdin, stderr })) {
    Object.defineProperty(process, name, { value, configurable: true });
  }
  return seen;
}

describe("askPassphrase", () => {
  test("takes a line without an echo, corrections included, and gives the terminal back", async () => {
    const { did } = terminal("sec", "rx\x7fet ü\r");
    expect(await askPassphrase("passphrase: ")).toBe("secret ü");
    expect(did).toEqual(["raw true", "passphrase: ", "\n", "raw false", "pause"]);
  });

  test.each([
    ["^C", "abc\x03"],
    ["^D", "\x04"],
    ["the end of the input", "abc"],
  ])("is over with %s", async (_, typed) => {
    const { did } = terminal(typed);
    await expect(askPassphrase("?")).rejects.toMatchObject({ code: "key.passphrase" });
    expect(did.slice(-2)).toEqual(["raw false", "pause"]);
  });

  test("can only be asked where both ends are a terminal", () => {
    const seen = terminal();
    expect(canAsk()).toBe(true);
    seen.isTTY = false;
    expect(canAsk()).toBe(false);
  });
});

describe("choosePassphrase", () => {
  test("takes what was typed twice, also when it was typed ahead", async () => {
    terminal("one two\none two\n");
    expect(await choosePassphrase()).toBe("one two");
  });

  test.each([
    ["two that differ", "one\ntwo\n", "differ"],
    ["nothing", "\n", "expected a passphrase, or --no-passphrase"],
  ])("refuses %s", async (_, typed, said) => {
    terminal(typed);
    await expect(choosePassphrase()).rejects.toMatchObject({
      code: "key.passphrase",
      message: expect.stringContaining(said) as unknown as string,
    });
  });
});
