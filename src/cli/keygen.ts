/** `emend keygen`: a key pair in minisign's layout, as two files that are never overwritten. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { EmendError } from "../errors.ts";
import { withIoErrors } from "../release/index.ts";
import { generateKeyPair, publicKeyFile, secretKeyFile } from "../signing/index.ts";
import type { PublicKey } from "../trust/index.ts";
import { canAsk, choosePassphrase } from "./ask-passphrase.ts";

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
  // Before anybody is asked for a passphrase; what comes between is refused when the files are made.
  for (const name of [secretFile, publicFile]) if (existsSync(name)) throw existing(name);
  const chosen = passphrase && canAsk() ? await choosePassphrase() : null;
  const key = generateKeyPair();
  using files = new NewFiles([
    [secretFile, 0o600],
    [publicFile, 0o644],
  ]);
  files.write(secretFile, secretKeyFile(key, chosen));
  files.write(publicFile, publicKeyFile(key.publicKey));
  files.keep(dirname(secretFile));
  report(
    key.publicKey,
    { secretKeyFile: secretFile, publicKeyFile: publicFile, encrypted: chosen !== null },
    json,
  );
}

type Made = { readonly secretKeyFile: string; readonly publicKeyFile: string; readonly encrypted: boolean };

/** The public key goes to stdout, alone: it is what a script goes on with. */
function report({ number, text }: PublicKey, made: Made, json: true | undefined): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ number, publicKey: text, ...made })}\n`);
    return;
  }
  const secrecy = made.encrypted ? "under the passphrase" : "without a passphrase: whoever has it can sign";
  process.stderr.write(
    `${made.secretKeyFile}: secret, ${secrecy}\n${made.publicKeyFile}: public key ${number}\n`,
  );
  process.stdout.write(`${text}\n`);
}

/** A key that is overwritten is lost: what was signed with it can be changed no more. */
function existing(name: string): EmendError {
  return new EmendError("io", `${name} exists already, and no key is overwritten`);
}

/** Files that did not exist before, and that are gone again unless they are kept. */
class NewFiles implements Disposable {
  readonly #descriptors = new Map<string, number>();
  #kept = false;

  constructor(files: readonly (readonly [name: string, mode: number])[]) {
    try {
      for (const [name, mode] of files) {
        const descriptor = withIoErrors("make the file", name, () => openSync(name, "wx", mode));
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
