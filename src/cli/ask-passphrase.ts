/** Asking a person for a passphrase, on a terminal and without an echo. */
import { EmendError } from "../errors.ts";

/** Whether there is anybody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** One line from the terminal. Throws `key.passphrase` when the person gives up (^C, ^D). */
export async function askPassphrase(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  process.stdin.setRawMode(true);
  try {
    return await readLine();
  } finally {
    process.stdin.setRawMode(false);
    process.stderr.write("\n");
  }
}

async function readLine(): Promise<string> {
  let line = "";
  // Whatever is not a line's end is kept as it is typed: a passphrase may hold any character.
  for await (const chunk of typed()) {
    for (const char of chunk) {
      if (char === "\r" || char === "\n") return line;
      if (char === "\x03" || char === "\x04")
        throw new EmendError("key.passphrase", "no passphrase was given");
      line = char === "\x7f" || char === "\b" ? [...line].slice(0, -1).join("") : line + char;
    }
  }
  throw new EmendError("key.passphrase", "no passphrase was given");
}

/** What is typed, as text. Leaving the loop leaves stdin open for the next question. */
async function* typed(): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: false })) {
    yield decoder.decode(chunk, { stream: true });
  }
}
