/** Opens the state of a node, in a directory or in memory. */
import { mkdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { createNodeId, openNodeId } from "./node-id.ts";
import { checkChosenToken, createOperatorToken, openOperatorToken } from "./operator-token.ts";
import { stateError } from "./state-file.ts";

/** Where state is kept when nothing else is said, relative to the current directory. */
export const defaultStateDir = "./emend-state";

/** Where state lives. */
export interface StateOptions {
  readonly dir: string;
  /** Everything in memory: the directory is neither read nor made. */
  readonly ephemeral: boolean;
  /** Read for `EMEND_TOKEN`, which wins over a kept token. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Where the operator token came from. One `in-memory` exists nowhere else: its owner has to be told. */
export type TokenSource = "environment" | "file" | "in-memory";

/** What a node knows about itself. */
export interface State {
  /** 32 lower-case hexadecimal digits. */
  readonly nodeId: string;
  /** Never to be logged. */
  readonly token: string;
  readonly tokenSource: TokenSource;
  /** The absolute path of the state directory, null when everything is in memory. */
  readonly dir: string | null;
}

/**
 * Reads the node's id and token, and makes what is missing. Throws `io` when the directory or what is in it
 * cannot be used, `usage` when `EMEND_TOKEN` is no token; a token that exists is never replaced.
 */
export function openState({ dir, ephemeral, environment = process.env }: StateOptions): State {
  const chosen =
    environment.EMEND_TOKEN === undefined ? undefined : checkChosenToken(environment.EMEND_TOKEN);
  if (ephemeral) {
    const token = chosen ?? createOperatorToken();
    return {
      nodeId: createNodeId(),
      token,
      tokenSource: chosen === undefined ? "in-memory" : "environment",
      dir: null,
    };
  }
  const path = resolve(dir);
  makeDirectory(path);
  const nodeId = openNodeId(path);
  return chosen === undefined
    ? { nodeId, token: openOperatorToken(path), tokenSource: "file", dir: path }
    : { nodeId, token: chosen, tokenSource: "environment", dir: path };
}

function makeDirectory(path: string): void {
  try {
    // An existing directory keeps its mode: a mounted volume's is not ours to change. The token has its own.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) mkdirSync(path, { recursive: true, mode: 0o700 });
    else if (!found.isDirectory()) throw new Error("a file is in its place");
  } catch (error) {
    throw stateError(`cannot make the state directory ${path}`, error);
  }
}
