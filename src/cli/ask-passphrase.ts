/** Asking a person for a passphrase, on a terminal and without an echo. */
import { EmendError } from "../errors.ts";

/** Whether there is anybody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** One line from the terminal. Throws `key.passphrase` when the person gives up (^C, ^D). */
export async function askPassphrase(prompt: string): Promise<string> {
  using terminal = new QuietTerminal();
  return await terminal.ask(prompt);
}

/** The same line twice. Throws `key.passphrase`, also when they differ or are empty. */
export async function choosePassphrase(): Promise<string> {
  using terminal = new QuietTerminal();
  const chosen = await terminal.ask("passphrase for the secret key: ");
  if (chosen === "") throw new EmendError("key.passphrase", "expected a passphrase, or --no-passphrase");
  if ((await terminal.ask("once more: ")) === chosen) return chosen;
  throw new EmendError("key.passphrase", "the two passphrases differ");
}

/** A terminal without an echo, also between two questions: people type ahead, and paste. */
class QuietTerminal implements Disposable {
  readonly #typed: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  /** What was typed and not read yet. */
  #ahead: string[] = [];

  constructor() {
    process.stdin.setRawMode(true);
    // Stdin stays open: somebody may ask again.
    this.#typed = process.stdin.iterator({ destroyOnReturn: false });
  }

  async ask(prompt: string): Promise<string> {
    process.stderr.write(prompt);
    const line: string[] = [];
    for (;;) {
      const char = await this.#next();
      if (char === "\r" || char === "\n") break;
      // A passphrase may hold any character but these.
      if (char === undefined || char === "\x03" || char === "\x04") {
        throw new EmendError("key.passphrase", "no passphrase was given");
      }
      if (char === "\x7f" || char === "\b") line.pop();
      else line.push(char);
    }
    process.stderr.write("\n");
    return line.join("");
  }

  async #next(): Promise<string | undefined> {
    while (this.#ahead.length === 0) {
      const { value, done } = await this.#typed.next();
      if (done) return undefined;
      this.#ahead = [...this.#decoder.decode(value, { stream: true })];
    }
    return this.#ahead.shift();
  }

  [Symbol.dispose](): void {
    process.stdin.setRawMode(false);
    // Else a command that has done its work would wait for more to be typed.
    process.stdin.pause();
    process.stdin.unref();
  }
}
