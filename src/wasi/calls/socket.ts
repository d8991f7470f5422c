/** sock_*: no descriptor of a guest is a socket. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import type { HostCall, HostCalls } from "./host-calls.ts";

export const socketCalls = (host: WasiHost): HostCalls => ({
  /** sock_accept(fd, flags, accepted): EBADF, ENOTSOCK. */
  sock_accept: noSocket(host),
  /** sock_recv(fd, iovs, count, riFlags, received, roFlags): EBADF, ENOTSOCK. */
  sock_recv: noSocket(host),
  /** sock_send(fd, iovs, count, siFlags, sent): EBADF, ENOTSOCK. */
  sock_send: noSocket(host),
  /** sock_shutdown(fd, how): EBADF, ENOTSOCK. */
  sock_shutdown: noSocket(host),
});

function noSocket(host: WasiHost): HostCall {
  return (fd) => {
    host.charged += cost.call;
    return host.descriptors[fd!] === undefined ? errno.badf : errno.notsock;
  };
}
