/** The name of a node, which patches can be addressed to: 128 random bits, made once. */
import { join } from "node:path";
import { encodeHex, randomBytes } from "../bytes/index.ts";
import { readStateFile, stateError, writeStateFile } from "./state-file.ts";

const fileName = "node-id";

/** A new id: 32 lower-case hexadecimal digits. */
export function createNodeId(): string {
  return encodeHex(randomBytes(16));
}

/** The id kept in a state directory, made when there is none. Throws `io` when what is there is no id. */
export function openNodeId(dir: string): string {
  const text = readStateFile(dir, fileName, 64);
  if (text === undefined) {
    const id = createNodeId();
    writeStateFile(dir, fileName, `${id}\n`);
    return id;
  }
  const id = text.replace(/\n$/, "");
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  throw stateError(
    `${join(dir, fileName)} is damaged: expected 32 hexadecimal digits, got ${text.length} characters of something else; ` +
      "delete it and the node gets a new id (patches addressed to the old one are then refused)",
  );
}
