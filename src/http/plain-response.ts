/** Answers of emend itself: a line of text that tells what happened and nothing about why. */
import { withBodySize } from "./body-size.ts";

const phrases: Readonly<Record<number, string>> = {
  301: "Moved Permanently",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  416: "Range Not Satisfiable",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** A plain text response, `404 Not Found` and the like. Never cached. */
export function plainResponse(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  const text = `${status} ${phrases[status] ?? ""}\n`.replace(" \n", "\n");
  const response = new Response(text, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      // Hono drops the body of an answer to HEAD, and the length with it unless it is a field.
      "content-length": String(text.length),
      ...headers,
    },
  });
  return withBodySize(response, text.length);
}
