/** The guest's argv: the path and the query's parts, or what the route's template says. */
import type { ArgvTemplate } from "../../config/index.ts";
import { toByteString } from "../../wasi/index.ts";

/**
 * Arguments as byte strings. `path` and `query` are as requested, still percent-encoded.
 *
 * A list is taken element by element: `${ARGS}` alone becomes one argument for each `&` part of the query,
 * any other element stays one. One text is split on white space, and has no empty arguments.
 */
export function guestArguments(template: ArgvTemplate | undefined, path: string, query: string): string[] {
  const parts = query === "" ? [] : query.split("&");
  if (template === undefined) return [path, ...parts].map(toByteString);
  const expand = (text: string): string =>
    text.replaceAll("${SCRIPT_NAME}", () => path).replaceAll("${ARGS}", () => parts.join(" "));
  const args =
    template.kind === "list"
      ? template.items.flatMap((item) => (item === "${ARGS}" ? parts : [expand(item)]))
      : expand(template.template).split(/\s+/).filter(Boolean);
  return args.map(toByteString);
}
