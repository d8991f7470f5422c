/** Which of the two configuration files a file is. */
import { parseToml } from "./toml.ts";

/** `site` for site.toml, `node` for emend.toml. */
export type ConfigKind = "site" | "node";

/** The kind by the file's name, else by the tables that it holds; undefined when neither tells. */
export function configKindOf(fileName: string, toml: string): ConfigKind | undefined {
  if (fileName === "site.toml") return "site";
  if (fileName === "emend.toml") return "node";
  const document = parseToml(toml);
  // Either check says what is wrong with a text that is not TOML.
  if (document.kind === "invalid") return "site";
  const isSite = "route" in document.root || "assets" in document.root;
  const isNode = "server" in document.root || "site" in document.root;
  if (isSite === isNode) return undefined;
  return isSite ? "site" : "node";
}
