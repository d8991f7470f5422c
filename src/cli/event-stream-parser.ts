/** Server-sent events as they arrive in pieces (HTML Standard §9.2.6, without what emend's nodes never send: `retry`). */
import { EmendError } from "../errors.ts";

/** One event of a stream. */
export interface StreamedMessage {
  /** Its type, `message` when it has none. */
  readonly event: string;
  readonly data: string;
}

/** Longest event, UTF-16 units: a node's are far below. */
const messageCharsMax = 1024 * 1024;

/** Goes on over connections: what one left unfinished is forgotten, the last id is not. */
export class EventStreamParser {
  /** Of the last event that was taken whole; null before the first. */
  lastEventId: string | null = null;
  #rest = "";
  #id: string | null = null;
  #event = "";
  #data: string[] = [];

  /** A new connection: a half event of the old one will come again. */
  restart(): void {
    this.#rest = "";
    this.#clear();
  }

  /** The events that end in this piece. @throws EmendError `io` for one without an end. */
  take(piece: string): StreamedMessage[] {
    this.#rest += piece;
    if (this.#rest.length > messageCharsMax) {
      throw new EmendError("io", `an event of more than ${messageCharsMax} characters`);
    }
    // A CR at the end may be the first half of a CRLF.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#takeLine(line));
  }

  #takeLine(line: string): StreamedMessage[] {
    if (line === "") return this.#finish();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#event = value;
    if (field === "id" && !value.includes("\0")) this.#id = value;
    return [];
  }

  #finish(): StreamedMessage[] {
    this.lastEventId = this.#id ?? this.lastEventId;
    const messages =
      this.#data.length === 0 ? [] : [{ event: this.#event || "message", data: this.#data.join("\n") }];
    this.#clear();
    return messages;
  }

  #clear(): void {
    this.#id = null;
    this.#event = "";
    this.#data = [];
  }
}
