/** What the cases of the contract of files are written in. */
import { errno } from "../../src/wasi/errno.ts";
import {
  type Answer,
  Failure,
  OpenDirectory,
  OpenFile,
  type OpenOptions,
  type Result,
} from "../../src/wasi/index.ts";

/** One case: what it does to a directory that the seed is in. */
export type Case = (root: OpenDirectory) => Promise<void>;

/** Cases by their names: `operation: what it does`. */
export type Cases = Readonly<Record<string, Case>>;

/** UTF-8 of a text. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const decoder = new TextDecoder();

/** What an answer is in the end: "ok", or the name of its errno. */
export async function told(answer: Answer<unknown>): Promise<string> {
  const result = await answer;
  if (result instanceof OpenFile || result instanceof OpenDirectory) result.close();
  if (!(result instanceof Failure)) return "ok";
  return Object.entries(errno).find(([, value]) => value === result.errno)?.[0] ?? String(result.errno);
}

/** The value of an answer that must not be a failure. */
export async function value<T>(answer: Answer<T>): Promise<T> {
  const result: Result<T> = await answer;
  if (result instanceof Failure) throw new Error(`expected a value, got ${await told(result)}`);
  return result;
}

/** Words with blanks between them. */
export type Flags = "" | Flag | `${Flag} ${string}`;

type Flag = "follow" | "create" | "exclusive" | "truncate" | "directory" | "read" | "write";

/** Open options by their names: `"create write"`. Reading is always among them. */
export function options(flags: Flags = ""): OpenOptions {
  const has = (flag: Flag): boolean => flags.split(" ").includes(flag);
  return {
    follow: has("follow"),
    create: has("create"),
    exclusive: has("exclusive"),
    truncate: has("truncate"),
    directory: has("directory"),
    read: true,
    write: has("write"),
    sync: "none",
  };
}

/** Opens what must be a file. */
export async function openFile(root: OpenDirectory, path: string, flags: Flags = ""): Promise<OpenFile> {
  const node = await value(root.open(path, options(flags)));
  if (!(node instanceof OpenFile)) throw new Error(`expected ${path} to be a file`);
  return node;
}

/** Opens what must be a directory. */
export async function openDirectory(root: OpenDirectory, path: string): Promise<OpenDirectory> {
  const node = await value(root.open(path, options()));
  if (!(node instanceof OpenDirectory)) throw new Error(`expected ${path} to be a directory`);
  return node;
}

export async function readAt(file: OpenFile, offset: number, length: number): Promise<string> {
  const into = new Uint8Array(length);
  return decoder.decode(into.subarray(0, await value(file.read(into, offset))));
}

/** The first 100 bytes of a file. */
export async function readText(root: OpenDirectory, path: string): Promise<string> {
  const file = await openFile(root, path, "follow");
  try {
    return await readAt(file, 0, 100);
  } finally {
    file.close();
  }
}

/** Makes a file, or gives it another content. */
export async function writeText(root: OpenDirectory, path: string, text: string): Promise<void> {
  const file = await openFile(root, path, "create truncate write");
  await value(file.write(bytesOf(text), 0));
  file.close();
}

/** The names in a directory, sorted. */
export async function namesIn(directory: OpenDirectory): Promise<string[]> {
  return (await value(directory.entries())).map(({ name }) => name).sort();
}
