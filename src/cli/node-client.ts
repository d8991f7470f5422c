/**
 * The client's side of the admin API: the one place that sends a node's token, and the one that believes nothing of
 * what comes back. No redirect is followed, an answer is read up to a limit and held to its schema, and a node that
 * makes no progress is given up.
 */
import { type GenericSchema, safeParse } from "valibot";
import { refusalAnswerSchema } from "../admin/index.ts";
import { EmendError, messageOf } from "../errors.ts";
import { nodeAnswerBytesMax } from "../limits.ts";
import type { NodeAddress } from "./node-address.ts";
import { NodeRefusal } from "./node-refusal.ts";
import { printable } from "./printable.ts";

/** A node, asked one thing at a time. All of it throws NodeRefusal, and EmendError `io` for what is no answer. */
export interface NodeClient {
  readonly origin: string;
  readonly get: <Answer>(path: string, schema: GenericSchema<unknown, Answer>) => Promise<Answer>;
  readonly post: <Answer>(
    path: string,
    schema: GenericSchema<unknown, Answer>,
    body?: object,
  ) => Promise<Answer>;
  /** `onProgress` hears how many bytes have left. */
  readonly upload: <Answer>(
    path: string,
    schema: GenericSchema<unknown, Answer>,
    bytes: Uint8Array,
    onProgress: (sent: number) => void,
  ) => Promise<Answer>;
  /** What is there as bytes, `bytesMax` at most. */
  readonly download: (path: string, bytesMax: number) => Promise<Uint8Array>;
  /** The text of a stream of server-sent events, in pieces as they come, until it ends. */
  readonly listen: (path: string, lastEventId: string | null) => AsyncGenerator<string>;
}

/** How many bytes an upload hands over at once: large enough to cost nothing, small enough for a bar to move. */
const uploadPieceBytes = 64 * 1024;

/** A client of the node at `address`, which is given up after `timeoutMs` without progress. */
export function openNodeClient(address: NodeAddress, timeoutMs: number): NodeClient {
  const { origin } = address;
  const ask = (path: string, init: BunFetchRequestInit): Exchange =>
    new Exchange(address, path, init, timeoutMs);
  return {
    origin,
    get: (path, schema) => ask(path, {}).json(schema),
    post: (path, schema, body = {}) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }).json(schema),
    upload(path, schema, bytes, onProgress) {
      const exchange: Exchange = ask(path, {
        method: "POST",
        headers: { "content-type": "application/octet-stream", "content-length": String(bytes.length) },
        body: inPieces(bytes, (sent) => {
          exchange.refresh();
          onProgress(sent);
        }),
      });
      return exchange.json(schema);
    },
    download: (path, bytesMax) => ask(path, {}).bytes(bytesMax),
    async *listen(path, lastEventId) {
      const id: Record<string, string> = lastEventId === null ? {} : { "last-event-id": lastEventId };
      const exchange = ask(path, { headers: { accept: "text/event-stream", ...id } });
      const decoder = new TextDecoder();
      for await (const piece of exchange.pieces("text/event-stream")) {
        yield decoder.decode(piece, { stream: true });
      }
    },
  };
}

/** One request and its answer. */
class Exchange {
  readonly #address: NodeAddress;
  readonly #path: string;
  readonly #init: BunFetchRequestInit;
  readonly #timeoutMs: number;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;

  constructor(address: NodeAddress, path: string, init: BunFetchRequestInit, timeoutMs: number) {
    this.#address = address;
    this.#path = path;
    this.#init = init;
    this.#timeoutMs = timeoutMs;
  }

  /** Something moved. */
  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), this.#timeoutMs);
  }

  async json<Answer>(schema: GenericSchema<unknown, Answer>): Promise<Answer> {
    const text = Buffer.from(await this.#read("application/json", nodeAnswerBytesMax)).toString();
    const parsed = safeParse(schema, this.#parse(text));
    if (parsed.success) return parsed.output;
    throw this.#failure(`an answer of another form than this version knows: ${parsed.issues[0].message}`);
  }

  bytes(bytesMax: number): Promise<Uint8Array> {
    return this.#read(undefined, bytesMax);
  }

  /** The body, refusals thrown. `type` is the one that it has to have. */
  async *pieces(type: string | undefined): AsyncGenerator<Uint8Array> {
    this.refresh();
    try {
      const response = await this.#fetch();
      await this.#checkStatus(response);
      this.#checkType(response, type);
      for await (const piece of response.body ?? []) {
        this.refresh();
        yield piece;
      }
    } catch (error) {
      throw this.#explain(error);
    } finally {
      clearTimeout(this.#timer);
      // What is still under way, in either direction, is of no use any more.
      this.#abort.abort();
    }
  }

  async #read(type: string | undefined, bytesMax: number): Promise<Uint8Array> {
    return await this.#collect(this.pieces(type), bytesMax);
  }

  async #collect(pieces: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
    const taken: Uint8Array[] = [];
    let length = 0;
    for await (const piece of pieces) {
      length += piece.length;
      if (length > bytesMax)
        throw this.#failure(`expected at most ${bytesMax} bytes, and there are more of them`);
      taken.push(piece);
    }
    return Buffer.concat(taken, length);
  }

  #fetch(): Promise<Response> {
    const { origin, token, ca } = this.#address;
    return fetch(`${origin}${this.#path}`, {
      ...this.#init,
      headers: {
        "accept-encoding": "identity",
        ...this.#init.headers,
        authorization: `Bearer ${token}`,
      },
      // With a redirect the token would go along.
      redirect: "manual",
      signal: this.#abort.signal,
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
  }

  async #checkStatus(response: Response): Promise<void> {
    const { status } = response;
    if (status === 200) return;
    if (status >= 300 && status < 400) {
      const location = JSON.stringify(response.headers.get("location") ?? "").slice(0, 300);
      throw this.#failure(
        `${status}, a redirect to ${printable(location)}: nothing is sent there; name the node's own address`,
      );
    }
    this.#checkType(response, "application/json");
    const body = await this.#collect(response.body ?? noPieces(), refusalBytesMax);
    const refusal = safeParse(refusalAnswerSchema, this.#parse(Buffer.from(body).toString()));
    if (!refusal.success || !codeForm.test(refusal.output.error.code))
      throw this.#failure(`${status} without the code of a refusal`);
    const { code, message } = refusal.output.error;
    const said = printable(message).slice(0, refusalCharsMax);
    // 507 says that the store is full; the others that the node has failed.
    if (status >= 500 && status !== 507) throw this.#failure(`${status}: ${said}`);
    throw new NodeRefusal(code, `${this.#address.origin}: ${said}`);
  }

  #checkType(response: Response, expected: string | undefined): void {
    const found = response.headers.get("content-type") ?? "nothing";
    if (expected === undefined || found.split(";")[0]?.trim().toLowerCase() === expected) return;
    throw this.#failure(
      `expected ${expected}, found ${response.status} with ${printable(found).slice(0, 100)}: is this the admin address?`,
    );
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#failure("expected JSON, found something else");
    }
  }

  #explain(error: unknown): unknown {
    if (error instanceof EmendError || error instanceof NodeRefusal) return error;
    if (this.#abort.signal.aborted)
      return this.#failure(`no progress for ${this.#timeoutMs / 1000} s, given up (--timeout)`);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return this.#failure(failures[code] ?? messageOf(error), error);
  }

  #failure(what: string, cause?: unknown): EmendError {
    const { origin } = this.#address;
    return new EmendError("io", `${origin}${this.#path}: ${what}`, { cause });
  }
}

const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing answers there: connection refused",
  ConnectionRefused: "nothing answers there: connection refused",
  ENOTFOUND: "no such host",
  ECONNRESET: "the connection was cut",
  ConnectionClosed: "the connection was cut",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself: name it with --ca FILE.pem",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of an authority that is not known here: --ca FILE.pem",
};

const refusalBytesMax = 64 * 1024;
const refusalCharsMax = 2000;

/** What a shell can compare. */
const codeForm = /^[a-z-]{1,40}(\.[a-z-]{1,40})?$/;

/** A stream and not the bytes: with those an answer that comes early is not heard before all of them are sent. */
function inPieces(bytes: Uint8Array, onSent: (sent: number) => void): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        onSent(at);
        if (at >= bytes.length) return controller.close();
        const piece = bytes.subarray(at, at + uploadPieceBytes);
        at += piece.length;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* noPieces(): AsyncGenerator<Uint8Array> {}
