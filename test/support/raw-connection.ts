/**
 * An HTTP/1.1 client that sends what it is told, byte for byte, and shows what came back the same way.
 * `fetch` would repair, refuse or hide much of what the tests are about. Texts are byte strings (latin-1).
 */
import { connect, type Socket } from "node:net";

/** A response as it was on the wire. */
export interface RawResponse {
  readonly status: number;
  /** In their order, names in lower case, values as byte strings. `Date` is left out. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** With the chunks put together. */
  readonly body: Buffer;
  /** Whether the body came to its end: false when the connection broke off inside it. */
  readonly complete: boolean;
  readonly chunked: boolean;
}

/** All values of a field, in order. */
export function valuesOf(response: RawResponse, name: string): string[] {
  return response.fields.flatMap(([each, value]) => (each === name ? [value] : []));
}

export class RawConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #dropping = false;
  #droppedBytes = 0;
  #closed = false;
  #moved: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => {
      if (this.#dropping) this.#droppedBytes += piece.length;
      else this.#received = Buffer.concat([this.#received, piece]);
      this.#move();
    });
    const close = (): void => {
      this.#closed = true;
      this.#move();
    };
    socket.on("close", close);
    socket.on("end", close);
    // A reset is one of the ways a server may end a connection.
    socket.on("error", close);
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ host: "127.0.0.1", port });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawConnection(socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that no response has taken yet. */
  get receivedBytes(): number {
    return this.#received.length;
  }

  /** Bytes that came since `drop`. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Sends bytes, or a byte string. Resolves when the kernel has taken them: what the server does not read waits. */
  send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    return new Promise((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** From now on keeps nothing of what comes. */
  drop(): void {
    this.#dropping = true;
    this.#received = Buffer.alloc(0);
  }

  /** Goes away without a word. */
  abandon(): void {
    this.#socket.destroy();
  }

  /**
   * The next response. `method` is that of the request, since HEAD has no body whatever the head says.
   * Undefined when the connection ended before a whole head was there.
   *
   * @throws Error when it takes longer than `waitMs`.
   */
  async response(method = "GET", waitMs = 30_000): Promise<RawResponse | undefined> {
    const head = await this.#takeHead(waitMs);
    if (head === undefined) return undefined;
    const [first = "", ...lines] = head.split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    const fields = lines
      .map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^ /, "")];
      })
      .filter(([name]) => name !== "date");
    const values = new Map(fields);
    const chunked = values.get("transfer-encoding") === "chunked";
    const length = values.get("content-length");
    const bodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
    const [body, complete] = bodiless
      ? [Buffer.alloc(0), true]
      : chunked
        ? await this.#takeChunks(waitMs)
        : await this.#takeBytes(length === undefined ? Number.POSITIVE_INFINITY : Number(length), waitMs);
    return { status, fields, body, complete, chunked };
  }

  /** Waits until the server has ended the connection. @throws Error after `waitMs`. */
  async untilClosed(waitMs = 30_000): Promise<void> {
    while (!this.#closed) await this.#more(waitMs);
  }

  async #takeHead(waitMs: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end >= 0) return this.#take(end + 4).toString("latin1", 0, end);
      if (this.#closed) return undefined;
      await this.#more(waitMs);
    }
  }

  async #takeBytes(count: number, waitMs: number): Promise<[Buffer, boolean]> {
    while (this.#received.length < count && !this.#closed) await this.#more(waitMs);
    const complete = this.#received.length >= count || count === Number.POSITIVE_INFINITY;
    return [this.#take(Math.min(count, this.#received.length)), complete];
  }

  async #takeChunks(waitMs: number): Promise<[Buffer, boolean]> {
    const chunks: Buffer[] = [];
    for (;;) {
      const line = this.#received.indexOf("\r\n");
      if (line >= 0) {
        const size = Number.parseInt(this.#received.toString("latin1", 0, line), 16);
        if (this.#received.length >= line + 2 + size + 2) {
          this.#take(line + 2);
          chunks.push(this.#take(size));
          this.#take(2);
          if (size === 0) return [Buffer.concat(chunks), true];
          continue;
        }
        if (this.#closed) chunks.push(this.#received.subarray(line + 2));
      }
      if (this.#closed) return [Buffer.concat(chunks), false];
      await this.#more(waitMs);
    }
  }

  #take(count: number): Buffer {
    const taken = Buffer.from(this.#received.subarray(0, count));
    this.#received = this.#received.subarray(count);
    return taken;
  }

  #move(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers<void>();
  }

  async #more(waitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the server said nothing for ${waitMs} ms`)), waitMs);
    });
    try {
      await Promise.race([this.#moved.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A request on a connection of its own: the start line without its version, and further lines of the head. */
export async function rawRequest(
  port: number,
  start: string,
  fields: readonly string[] = [],
  body: string | Uint8Array = "",
): Promise<RawResponse | undefined> {
  const connection = await RawConnection.open(port);
  try {
    const host = fields.some((field) => /^host:/i.test(field)) ? [] : ["Host: h.test"];
    await connection.send([`${start} HTTP/1.1`, ...host, ...fields, "", ""].join("\r\n"));
    if (body.length > 0) await connection.send(body);
    return await connection.response(start.split(" ")[0]);
  } finally {
    connection.abandon();
  }
}
