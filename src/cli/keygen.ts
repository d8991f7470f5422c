/** `emend keygen`: a key pair in minisign's layout, as two files that are never overwritten. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { EmendError } from "../errors.ts";
import { withIoErrors } from "../release/index.ts";
import { generateKeyPair, publicKeyFile, secretKeyFile } from "../signing/index.ts";
import { askPassphrase, canAsk } from "./ask-passphrase.ts";

interface Options {
  readonly output?: string;
  readonly passphrase: boolean;
  readonly json?: true;
}

const help = `
Examples:
  emend keygen -o deploy                       deploy.key (secret, for its owner alone) and deploy.pub
  emend keygen -o ci --no-passphrase           for a pipeline, which keeps the key as a secret of its own
  emend serve site --key deploy.pub            a node that takes patches signed with deploy.key

On a terminal a passphrase is asked for; making and using such a key takes some seconds and 1 GiB of memory.
minisign reads both files.`;

/** The command. Fails with `io` when one of the files is there already. */
export function keygenCommand(): Command {
  return new Command("keygen")
    .description("make a key pair for signing patches")
    .option("-o, --output <name>", "writes NAME.key and NAME.pub")
    .option("--no-passphrase", "do not ask for a passphrase: whoever has the file can sign")
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(keygen);
}

async function keygen({ output, passphrase, json }: Options): Promise<void> {
  if (output === undefined) throw new EmendError("usage", "expected -o NAME, found none");
  const [secretFile, publicFile] = [`${output}.key`, `${output}.pub`];
  // Taken before anybody is asked for a passphrase.
  using files = new NewFiles([secretFile, publicFile]);
  const chosen = passphrase && canAsk() ? await choosePassphrase() : null;
  const key = generateKeyPair();
  files.write(secretFile, secretKeyFile(key, chosen));
  files.write(publicFile, publicKeyFile(key.publicKey));
  files.keep(dirname(secretFile));
  const { number, text } = key.publicKey;
  const encrypted = chosen !== null;
  if (json) {
    const report = {
      number,
      publicKey: text,
      secretKeyFile: secretFile,
      publicKeyFile: publicFile,
      encrypted,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  process.stderr.write(
    `${secretFile}: secret, ${encrypted ? "under the passphrase" : "without a passphrase: whoever has it can sign"}\n` +
      `${publicFile}: public key ${number}\n`,
  );
  process.stdout.write(`${text}\n`);
}

async function choosePassphrase(): Promise<string> {
  const chosen = await askPassphrase("passphrase for the secret key: ");
  if (chosen === "") throw new EmendError("key.passphrase", "expected a passphrase, or --no-passphrase");
  if ((await askPassphrase("once more: ")) === chosen) return chosen;
  throw new EmendError("key.passphrase", "the two passphrases differ");
}

/** Files that did not exist before, for their owner alone, and that are gone again unless they are kept. */
class NewFiles implements Disposable {
  readonly #descriptors = new Map<string, number>();
  #kept = false;

  constructor(names: readonly string[]) {
    try {
      for (const name of names) {
        const descriptor = withIoErrors("make the file", name, () => openSync(name, "wx", 0o600));
        this.#descriptors.set(name, descriptor);
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  write(name: string, text: string): void {
    const descriptor = this.#descriptors.get(name)!;
    withIoErrors("write", name, () => {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    });
  }

  /** They stay, and are on the disk when this returns. */
  keep(dir: string): void {
    withIoErrors("write", dir, () => {
      const descriptor = openSync(dir, "r");
      fsyncSync(descriptor);
      closeSync(descriptor);
    });
    this.#kept = true;
  }

  [Symbol.dispose](): void {
    for (const [name, descriptor] of this.#descriptors) {
      closeSync(descriptor);
      if (!this.#kept) rmSync(name, { force: true });
    }
  }
}
