// Writes the request's body to stdout as it comes: whatever a test posts is the CGI output.
import { read, write } from "../../src/cli/templates/assemblyscript/cgi";

const BUFFER_BYTES = 65_536;
const buffer = memory.data(BUFFER_BYTES);

export function _start(): void {
  for (let length = read(buffer, BUFFER_BYTES); length > 0; length = read(buffer, BUFFER_BYTES)) write(buffer, length);
}
