// 204 for emend's own probe with the fields that the test gave it, 500 for everybody else.
import { env, respond } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const isProbe = env("EMEND_PROBE") == "1" && env("HTTP_X_A") == "b" && env("SERVER_NAME") == "probe.example";
  respond("text/plain", "", isProbe ? "204 No Content" : "500 Internal Server Error");
}
