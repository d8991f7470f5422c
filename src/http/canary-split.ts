/**
 * Who gets the release that is on trial: a share of the clients, each of which stays with what it got. By its address,
 * hashed with a key of this trial; or, where the operator wants that, by a cookie, which also tells clients behind one
 * address apart.
 */
import { encodeHex, sha256Hex } from "../bytes/index.ts";
import { clientFraction } from "./client-network.ts";
import type { SiteApp } from "./site-app.ts";

export interface CanaryOptions {
  /** Share of the clients, 0 to 100. */
  readonly percent: number;
  /** Different for each trial, and known to nobody else. */
  readonly key: Uint8Array;
  readonly cookie: boolean;
}

/** What of a call the split has to know. */
interface Asker {
  readonly request: Request;
  address(): string;
}

/** Which release a client gets, and the cookie that keeps it there, if it has to be told. */
export interface Side {
  readonly isCanary: boolean;
  readonly cookie: string | undefined;
}

const cookieName = "emend-canary";

export class CanarySplit {
  readonly app: SiteApp;
  readonly #options: CanaryOptions;
  /** Begins the value of a cookie: one of another trial is not taken. */
  readonly #trial: string;

  constructor(app: SiteApp, options: CanaryOptions) {
    this.app = app;
    this.#options = options;
    this.#trial = sha256Hex(`${cookieName} ${encodeHex(options.key)}`).slice(0, 16);
  }

  side(call: Asker): Side {
    const { percent, key, cookie } = this.#options;
    if (!cookie) return { isCanary: clientFraction(call.address(), key) * 100 < percent, cookie: undefined };
    const known = this.#sideOfCookie(call.request.headers.get("cookie"));
    if (known !== undefined) return { isCanary: known, cookie: undefined };
    const isCanary = Math.random() * 100 < percent;
    return { isCanary, cookie: this.#cookieOf(isCanary, call.request.url.startsWith("https:")) };
  }

  #sideOfCookie(field: string | null): boolean | undefined {
    if (field === null || !field.includes(cookieName)) return undefined;
    for (const pair of field.split(";")) {
      const text = pair.trim();
      if (text === `${cookieName}=${this.#trial}.1`) return true;
      if (text === `${cookieName}=${this.#trial}.0`) return false;
    }
    return undefined;
  }

  /** For the session: the trial ends before that, and what is left of it means nothing to the next. */
  #cookieOf(isCanary: boolean, isSecure: boolean): string {
    const value = `${this.#trial}.${isCanary ? 1 : 0}`;
    return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  }
}

/** Hands a client its cookie. A cache that others share must not keep the answer. */
export function setCookie(response: Response, cookie: string): void {
  response.headers.append("set-cookie", cookie);
  response.headers.append("cache-control", "private");
}
