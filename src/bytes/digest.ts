/** SHA-256 over node:crypto, as lower-case hexadecimal. */
import { createHash } from "node:crypto";

/** SHA-256 of some bytes or of a text's UTF-8, 64 lower-case hexadecimal digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
