// /echo: what a handler sees. GET lists its CGI variables; POST sends the body back as it arrives.
import { environ, env, print, read, respond, write } from "../../src/cli/templates/assemblyscript/cgi";

const CHUNK_BYTES: u32 = 16_384;

export function _start(): void {
  if (env("REQUEST_METHOD") == "POST") {
    echoBody();
    return;
  }
  const variables = environ();
  variables.sort();
  let text = "";
  for (let i = 0; i < variables.length; i++) {
    // The page shows this answer: cookies of other applications on the host are not its business.
    if (!variables[i].startsWith("HTTP_COOKIE=")) text += variables[i] + "\n";
  }
  respond("text/plain; charset=utf-8", text);
}

/** Never with the type that the client claims: its bytes must not become a page of this site. */
function echoBody(): void {
  print("Content-Type: application/octet-stream\nX-Content-Type-Options: nosniff\n\n");
  const buffer = memory.data(CHUNK_BYTES);
  let length = read(buffer, CHUNK_BYTES);
  while (length > 0) {
    write(buffer, length);
    length = read(buffer, CHUNK_BYTES);
  }
}
