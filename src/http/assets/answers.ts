/** The plain answers of the assets: one line, nothing about the node. */

/** What may be done with an asset; the value of Allow. */
export const allowedMethods = "GET, HEAD";

const reasons = {
  301: "moved permanently",
  400: "bad request",
  405: "method not allowed",
  406: "not acceptable",
  412: "precondition failed",
  416: "range not satisfiable",
  503: "service unavailable",
} as const;

/** A status with its reason as text and nothing that a cache could keep. */
export function plainAnswer(
  status: keyof typeof reasons,
  fields: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${reasons[status]}\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...fields,
    },
  });
}
