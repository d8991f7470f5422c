// ?pages=N[&touch=1]: grows memory by N pages, writes to each if asked, answers what memory.size says.
import { param, paramInt, respond } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const before = memory.size();
  const result = memory.grow(paramInt("pages", 1, 0, 65_536));
  if (result >= 0 && param("touch") == "1") {
    for (let page = before; page < memory.size(); page++) store<u8>((<usize>page << 16) + 1, 1);
  }
  const grown = result < 0 ? "refused" : "ok";
  respond("text/plain", "before=" + before.toString() + " grow=" + grown + " after=" + memory.size().toString() + "\n");
}
