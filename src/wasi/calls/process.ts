/** Arguments, environment, random bytes, the scheduler and the end of a process. */
import type { ByteStrings } from "../byte-strings.ts";
import { copyCost, cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import { limits } from "../limits.ts";
import { putRandom } from "../random-pool.ts";
import type { HostCalls } from "./host-calls.ts";

export const processCalls = (host: WasiHost): HostCalls => ({
  /**
   * args_get(argv, argvBuf): pointers at `argv`, the NUL-terminated strings at `argvBuf`.
   * ```
   *  argv → [p0][p1]…      argvBuf → a r g 0 \0 a r g 1 \0
   * ```
   * EFAULT.
   */
  args_get: (pointers, block) => putStrings(host, host.args, pointers, block),

  /** args_sizes_get(count, size): u32 each. EFAULT. */
  args_sizes_get: (count, size) => putSizes(host, host.args, count, size),

  /** environ_get(environ, environBuf): laid out as args_get. EFAULT. */
  environ_get: (pointers, block) => putStrings(host, host.environ, pointers, block),

  /** environ_sizes_get(count, size): u32 each. EFAULT. */
  environ_sizes_get: (count, size) => putSizes(host, host.environ, count, size),

  /** random_get(buf, length): bytes of the system's generator, in pieces where they are many. EFAULT. */
  random_get: (buffer, length) => {
    const size = length >>> 0;
    if (!host.memory.has(buffer, size)) return errno.fault;
    let done = host.pendingBytes;
    if (done === 0) host.charged += cost.call + size * cost.randomByte;
    host.pendingBytes = 0;
    while (done < size) {
      const chunk = Math.min(limits.randomChunkBytes, size - done);
      putRandom(host.memory, (buffer >>> 0) + done, chunk);
      done += chunk;
      if (done < size && host.shouldYield()) {
        host.pendingBytes = done;
        return host.waitFor((wake) => void setImmediate(wake));
      }
    }
    return errno.success;
  },

  /** sched_yield(): lets the event loop run when the guest has held the thread for a while. No errno. */
  sched_yield: () => {
    host.charged += cost.call;
    return host.shouldYield() ? host.waitFor((wake) => void setImmediate(wake)) : errno.success;
  },

  /** proc_exit(code): does not return. The caller in wasm traps behind it, which no guest can catch. */
  proc_exit: (code) => {
    host.charged += cost.call;
    host.exitCode = code >>> 0;
    return errno.success;
  },

  /** proc_raise(signal): there are no signals. ENOTSUP. */
  proc_raise: () => {
    host.charged += cost.call;
    return errno.notsup;
  },
});

function putSizes(host: WasiHost, strings: ByteStrings, countPointer: number, sizePointer: number): number {
  const { memory } = host;
  host.charged += cost.call;
  if (!memory.has(countPointer, 4) || !memory.has(sizePointer, 4)) return errno.fault;
  memory.setU32(countPointer, strings.count);
  memory.setU32(sizePointer, strings.block.length);
  return errno.success;
}

function putStrings(host: WasiHost, strings: ByteStrings, pointers: number, blockPointer: number): number {
  const { memory } = host;
  const { count, block } = strings;
  host.charged += cost.call + count * cost.vector + copyCost(block.length);
  if (!memory.has(pointers, count * 4) || !memory.has(blockPointer, block.length)) return errno.fault;
  memory.slice(blockPointer, block.length).set(block);
  let start = 0;
  for (let i = 0; i < count; i++) {
    memory.setU32((pointers >>> 0) + i * 4, (blockPointer >>> 0) + start);
    start = block.indexOf(0, start) + 1;
  }
  return errno.success;
}
