/** The least that a WAGI server needs around a guest: an environment, and an answer made of what it wrote. */

/** The environment that emend gives a guest, written down as plainly as possible. */
export function cgiVariables(request: Request): Record<string, string> {
  const { pathname, host, hostname, port, search } = new URL(request.url);
  const variables: Record<string, string> = {
    AUTH_TYPE: "",
    CONTENT_LENGTH: "0",
    CONTENT_TYPE: request.headers.get("content-type") ?? "",
    GATEWAY_INTERFACE: "CGI/1.1",
    PATH_INFO: "",
    PATH_TRANSLATED: "",
    QUERY_STRING: search.slice(1),
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_HOST: "127.0.0.1",
    REMOTE_USER: "",
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: pathname,
    SERVER_NAME: hostname,
    SERVER_PORT: port,
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "WAGI/1",
    X_FULL_URL: `http://${host}${pathname}`,
    X_MATCHED_ROUTE: "/*",
    X_RAW_PATH_INFO: "",
  };
  request.headers.forEach((value, name) => {
    variables[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  });
  return variables;
}

/** The answer that a guest wrote: header lines, an empty line, a body. */
export function cgiResponse(output: Uint8Array): Response {
  const text = Buffer.from(output).toString("latin1");
  const end = text.indexOf("\n\n");
  if (end < 0) return new Response("502 Bad Gateway\n", { status: 502 });
  const headers = text
    .slice(0, end)
    .split("\n")
    .map((line): [string, string] => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]);
  return new Response(output.slice(end + 2), { headers });
}
