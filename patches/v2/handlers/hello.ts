// GET /hello?name=Ada: greets in HTML, JSON or plain text, whichever the client asks for first.
// It counts its requests in a global. The answer is 1 every time: each request has an instance of its own.
import { env, escapeHtml, param, quoteJson, respond } from "../../../src/cli/templates/assemblyscript/cgi";

let requestsSeen = 0;

export function _start(): void {
  requestsSeen++;
  const name = param("name", "world").substring(0, 100);
  const seen = requestsSeen.toString();
  const type = preferredType(env("HTTP_ACCEPT"));
  if (type == "application/json") {
    respond(type, '{"hello":' + quoteJson(name) + ',"requestsSeen":' + seen + "}\n");
  } else if (type == "text/html") {
    respond(
      type + "; charset=utf-8",
      '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Hello</title>\n' +
        '<meta name="viewport" content="width=device-width">\n<link rel="stylesheet" href="/style.css">\n' +
        '<main class="answer">\n<h1>Welcome, ' + escapeHtml(name) + "!</h1>\n" +
        "<p>I am a WebAssembly handler. Requests I have seen: " + seen + ".</p>\n" +
        '<p><a href="/">Back to the node</a></p>\n</main>\n</html>\n',
    );
  } else {
    respond("text/plain; charset=utf-8", "Welcome, " + name + "!\nRequests I have seen: " + seen + "\n");
  }
}

/** The first of our three types in an Accept header; weights are not worth their code here. */
function preferredType(accept: string): string {
  const entries = accept.split(",");
  for (let i = 0; i < entries.length; i++) {
    const type = entries[i].split(";")[0].trim();
    if (type == "text/html" || type == "application/json" || type == "text/plain") return type;
  }
  return "text/plain";
}
