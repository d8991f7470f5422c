/** What keeps a listener from opening, as one sentence that names the address and what to do about it. */
import type { ListenAddress, TlsFiles } from "./config/index.ts";
import { EmendError, messageOf } from "./errors.ts";

/** A listener as its operator named it. */
export interface ListenerPlan {
  /** The option that changes the address. */
  readonly option: "--addr" | "--admin";
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
}

/** Runs `open`. @throws EmendError `listen` for whatever the system or the TLS library refuses. */
export function openListener<Listener>(plan: ListenerPlan, open: () => Listener): Listener {
  try {
    return open();
  } catch (error) {
    if (error instanceof EmendError && error.code !== "listen") throw error;
    throw new EmendError("listen", `cannot listen on ${addressText(plan)}: ${reason(plan, error)}`, {
      cause: error,
    });
  }
}

function addressText({ address: { hostname, port } }: ListenerPlan): string {
  if (hostname === undefined) return `:${port}`;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function reason({ option, tls }: ListenerPlan, error: unknown): string {
  const code = systemCode(error);
  if (tls !== undefined && code.startsWith("ERR_OSSL")) {
    return `${tls.certFile} and ${tls.keyFile} are no certificate with its private key in PEM (${messageOf(error)})`;
  }
  switch (code) {
    case "EADDRINUSE":
      return `another program listens there; choose another address with ${option}`;
    case "EADDRNOTAVAIL":
      return `this machine does not have that address; choose another with ${option}`;
    case "EINVAL":
      return `the host is no address or name that this machine knows; choose another with ${option}`;
    case "EACCES":
      return `permission denied, as is usual for ports below 1024; choose another with ${option}`;
    default:
      return messageOf(error);
  }
}

/** The code of the error that was behind it all. */
function systemCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error instanceof EmendError) return systemCode(error.cause);
  return "code" in error ? String(error.code) : "";
}
