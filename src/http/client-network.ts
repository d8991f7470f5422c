/** Clients as numbers, for what tells them apart while a release is watched or on trial: by address, IPv6 by /64. */
import { createSha256 } from "../bytes/index.ts";
import { clientKeyBytes, writeClientKey } from "./admission/index.ts";

const scratch = new Uint8Array(clientKeyBytes);
const scratchView = new DataView(scratch.buffer);

/** The network of an address, folded from 64 bits to the 53 that a number holds. */
export function clientNetwork(address: string): number {
  writeClientKey(address, scratch);
  const [high, low] = [scratchView.getUint32(0), scratchView.getUint32(4)];
  return ((high ^ (high >>> 21)) & 0x1f_ffff) * 2 ** 32 + low;
}

/** A number from 0 to 1 that belongs to an address and a key: who does not know the key cannot choose it. */
export function clientFraction(address: string, key: Uint8Array): number {
  writeClientKey(address, scratch);
  const hash = createSha256();
  hash.update(key);
  hash.update(scratch);
  return Number.parseInt(hash.hex().slice(0, 12), 16) / 2 ** 48;
}
