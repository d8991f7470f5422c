/**
 * One request and the run of the guest that answers it, from its first byte to the last.
 *
 * ```
 *  collecting ── head parsed, guest ended ──────────► answered with a known length
 *      │   └──── head parsed, guest waits or 64 KiB ─► streaming ── guest ended ─► complete
 *      │                                                   └─────── trap, idle, client gone ─► cut
 *      └──────── bad head, trap, deadline, client gone ─► failed (502, 504 …), the guest is stopped
 * ```
 * Timers and listeners are only made when the guest waits for the first time: one that runs through
 * holds the thread, so nothing could happen in between anyway.
 */
import { messageOf } from "../../errors.ts";
import type { Guest, GuestLimit, GuestRun, Outcome } from "../../guest/index.ts";
import { responseHeadBytesMax } from "../../limits.ts";
import { emptyInput, type Input, type Preopen } from "../../wasi/index.ts";
import type { Verdict } from "../admission/index.ts";
import type { Call } from "../call.ts";
import { plainResponse } from "../plain-response.ts";
import type { HeadCache, ReadyHead } from "./head-cache.ts";
import type { BodyReader, RequestBody } from "./request-body.ts";
import { RequestInput } from "./request-input.ts";
import type { ResponseHead } from "./response-head.ts";
import { ResponseOutput } from "./response-output.ts";
import { StderrOutput } from "./stderr-output.ts";
import type { UnderWay, WagiRoute } from "./wagi-route.ts";

/** Statuses whose responses have no body (RFC 9110 §6.4.1). */
const bodiless = new Set([204, 205, 304]);

/** Called when the guest is free, with the breaker's ticket and what the guest has to answer for. */
type OnDone = (guest: Guest, ticket: number, verdict: Verdict, nowMs: number) => void;

type Phase = "collecting" | "streaming" | "ended";

export class Exchange implements GuestRun, UnderWay {
  readonly stdin: Input;
  readonly stdout: ResponseOutput;
  readonly stderr: StderrOutput;
  readonly #route: WagiRoute;
  readonly #call: Call;
  readonly #guest: Guest;
  readonly #body: RequestBody;
  /** When the head has to be out. */
  deadlineMs: number;
  #limit: GuestLimit | undefined;
  /** Of the breaker. A local redirect gives the call another before this guest has ended. */
  readonly #ticket: number;
  #verdict: Verdict = "neutral";
  #response: Response | undefined;
  #waiting: ((response: Response) => void) | undefined;
  #phase: Phase = "collecting";
  #watching = false;
  #guestEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #progressMs = 0;
  #head: ResponseHead | undefined;

  constructor(route: WagiRoute, call: Call, guest: Guest, body: RequestBody) {
    this.#route = route;
    this.#call = call;
    this.#ticket = call.ticket;
    this.#guest = guest;
    this.deadlineMs = call.startedMs + route.timeoutMs;
    this.#body = body;
    this.stdin = body.reader === undefined ? emptyInput : this.#openInput(body.reader);
    this.stdout = new ResponseOutput(this, route.heads);
    this.stderr = new StderrOutput(route.guestLines);
  }

  get cpuMsMax(): number {
    return this.#route.cpuMs;
  }

  get memoryBytesMax(): number {
    return this.#route.memoryBytesMax;
  }

  args(): readonly string[] {
    return this.#route.args(this.#call);
  }

  environ(): readonly string[] {
    return this.#route.environ(this.#call, this.#body.contentLength);
  }

  preopens(): readonly Preopen[] {
    return this.#route.preopens();
  }

  /**
   * Runs the guest. The response is there when its head is, at once for a guest that never waits; `onDone` is
   * called when the instance is free.
   */
  start(onDone: OnDone): Response | Promise<Response> {
    const outcome = this.#guest.run(this);
    if (!(outcome instanceof Promise)) {
      this.#ended(outcome, onDone);
      return this.#response!;
    }
    outcome.then((end) => this.#ended(end, onDone));
    return (
      this.#response ??
      new Promise((resolve) => {
        this.#waiting = resolve;
      })
    );
  }

  #ended(outcome: Outcome, onDone: OnDone): void {
    const guest = this.#guest;
    this.#call.guestMs = guest.cpuMs;
    this.#route.admission.ran(guest, this.#limit);
    if (this.stdin instanceof RequestInput) this.#call.bytesIn = this.stdin.receivedBytes;
    if (outcome.kind === "trap") {
      this.#route.admission.trapped();
      this.#call.failure = "trap";
    }
    try {
      this.#finish(outcome);
    } finally {
      // Whatever a bug of ours does to a response, the guest and the place must not be lost with it.
      onDone(guest, this.#ticket, this.#verdict, guest.endedMs);
    }
  }

  #resolve(response: Response): void {
    this.#response = response;
    this.#waiting?.(response);
  }

  /** The buffer of stdout is full: what is there goes out. */
  onFull(): void {
    this.#startStreaming();
  }

  onWait(): void {
    this.onPause();
    if (this.#phase === "collecting" && this.stdout.hasHead) this.#startStreaming();
    // Without a head nobody looks at the clock while it waits; one that streams has its idle limit.
    if (this.#phase !== "ended" && !this.#call.streams && this.#timer === undefined) this.#armDeadline();
  }

  /** Its head stays where it is, if it has one: it may yet fail, and be done before anybody would see it. */
  onPause(): void {
    if (!this.#watching) this.#watch();
  }

  onLimit(limit: GuestLimit): void {
    const { cpuMs, timeoutMs } = this.#route;
    if (limit === "timeout_ms" && this.#phase === "collecting" && this.stdout.hasHead) {
      this.#startStreaming();
      return;
    }
    if (this.#phase !== "ended") {
      this.#limit = limit;
      this.#call.failure = "limit";
    }
    this.#fail(
      504,
      limit === "cpu_ms" ? `over cpu_ms: ${cpuMs} ms of CPU` : `over timeout_ms: no head in ${timeoutMs} ms`,
    );
  }

  cut(reason: string): void {
    this.#fail(503, reason);
  }

  #armDeadline(): void {
    const leftMs = Math.max(0, this.deadlineMs - performance.now());
    this.#timer = setTimeout(() => this.onLimit("timeout_ms"), leftMs);
  }

  /** From now on time passes while the guest runs: its client is watched. */
  #watch(): void {
    this.#watching = true;
    this.#call.keepOpen();
    this.#route.underWay.add(this);
    const { request } = this.#call;
    this.#onClientGone = () => this.#fail(499, "the client went away");
    if (request.signal.aborted) this.#onClientGone();
    else request.signal.addEventListener("abort", this.#onClientGone);
  }

  /** Made when the guest first waits: until then nobody can go away. */
  #onClientGone: () => void = noop;

  #openInput(reader: BodyReader): RequestInput {
    return new RequestInput(
      reader,
      this.#route.bodyMaxBytes,
      {
        onProgress: () => this.#progress(),
        onTooLong: () => this.#fail(413, `the body is longer than ${this.#route.bodyMaxBytes} bytes`),
        onBroken: () => this.#fail(400, "the request's body broke off"),
      },
      this.#body.collected,
    );
  }

  /** Sends the head and streams from here on. Called when the guest waits or has filled the buffer. */
  #startStreaming(): void {
    const ready = this.#parseHead();
    if (ready === undefined) return;
    this.#verdict = "success";
    this.#route.admission.answered(this.#ticket, performance.now());
    const { head, headers } = ready;
    const init = { status: head.status, headers };
    if (this.#withoutBody(head)) {
      this.stdout.discard();
      this.#resolve(this.#headOnly(ready, head.contentLength));
      this.#phase = "streaming";
      return;
    }
    this.#phase = "streaming";
    this.#call.streams = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const stream = this.stdout.stream(
      head.contentLength,
      () => this.#onClientGone(),
      () => this.#progress(),
    );
    this.#resolve(new Response(stream, init));
    clearTimeout(this.#timer);
    this.#armIdle();
  }

  #finish(outcome: Outcome): void {
    this.#guestEnded = true;
    if (this.stdin instanceof RequestInput) this.stdin.cancel();
    this.stderr.end();
    if (this.#phase === "collecting") this.#finishCollecting(outcome);
    else if (this.#phase === "streaming") this.#finishStreaming(outcome);
    this.#unwatch();
  }

  #finishCollecting(outcome: Outcome): void {
    const failure = this.#failureOf(outcome);
    if (failure !== undefined || outcome.kind !== "exit") {
      this.#fail(502, failure ?? "");
      return;
    }
    const ready = this.#parseHead();
    if (ready === undefined) return;
    if (outcome.code !== 0) this.#note(`the guest exited with ${outcome.code} after its header block`);
    this.#phase = "ended";
    this.#verdict = "success";
    this.#resolve(this.#wholeResponse(ready));
    this.stdout.close();
  }

  /** Why a guest that ended before its head was out gets no answer across; undefined when it does. */
  #failureOf(outcome: Outcome): string | undefined {
    if (outcome.kind === "trap") return `the guest trapped: ${outcome.message}`;
    if (outcome.kind === "stopped") return "the guest was stopped";
    if (this.stdout.hasHead) return undefined;
    const exit = outcome.code === 0 ? "" : ` and exited with ${outcome.code}`;
    return `the guest wrote no complete header block${exit}`;
  }

  /** The response of a guest that has ended: its length is known. */
  #wholeResponse({ head, headers }: ReadyHead): Response {
    const init = { status: head.status, headers };
    const body = this.stdout.collectedBody();
    const promised = head.contentLength;
    if (this.#withoutBody(head)) return this.#headOnly({ head, headers }, promised ?? body.length);
    if (promised !== undefined && body.length < promised) {
      this.#note(`the guest promised ${promised} bytes and wrote ${body.length}`);
      this.#blame();
      this.#call.bytes = body.length;
      const stream = this.stdout.stream(undefined, noop, noop);
      this.stdout.abort("the guest wrote less than it promised");
      return new Response(stream, init);
    }
    if (promised !== undefined && body.length > promised) {
      this.#note(`the guest promised ${promised} bytes and wrote ${body.length}: cut`);
    }
    const sent = promised === undefined ? body : body.subarray(0, promised);
    this.#call.bytes = sent.length;
    return new Response(sent as Uint8Array<ArrayBuffer>, init);
  }

  /** A response whose body is not sent. HEAD gets the length that GET would, if it is known. */
  #headOnly({ head, headers }: ReadyHead, length: number | undefined): Response {
    const { status } = head;
    const isLengthWanted = this.#call.request.method === "HEAD" && !bodiless.has(status);
    if (!isLengthWanted || length === undefined) return new Response(null, { status, headers });
    const withLength = new Headers(headers);
    withLength.set("content-length", String(length));
    return new Response(null, { status, headers: withLength });
  }

  #finishStreaming(outcome: Outcome): void {
    this.#phase = "ended";
    this.#call.bytes = this.stdout.bodyBytes;
    const { surplusBytes, bodyBytes } = this.stdout;
    const promised = this.#head?.contentLength;
    if (outcome.kind !== "exit") {
      this.#blame();
      this.#cut(outcome.kind === "trap" ? `the guest trapped: ${outcome.message}` : "the guest was stopped");
      this.#noteLastWords();
    } else if (promised !== undefined && bodyBytes < promised && this.#call.streams) {
      this.#blame();
      this.#cut(`the guest promised ${promised} bytes and wrote ${bodyBytes}`);
    } else {
      if (surplusBytes > 0) this.#note(`the guest wrote ${surplusBytes} bytes more than it promised: cut`);
      if (outcome.code !== 0) this.#note(`the guest exited with ${outcome.code} after its header block`);
      this.stdout.end();
    }
    if (this.#call.streams) this.#call.ended();
  }

  /** Ends a response that cannot be completed, and the guest with it. */
  #fail(status: number, reason: string): void {
    if (this.#phase === "ended") return;
    const wasStreaming = this.#phase === "streaming";
    this.#phase = "ended";
    if (wasStreaming ? this.#limit === "cpu_ms" : this.#isGuestsFault(status)) this.#call.blame = true;
    else this.#call.blame = false;
    if (!wasStreaming && this.#call.blame) this.#verdict = "failure";
    this.#unwatch();
    // One that has ended by itself can run again, whatever it wrote; a stopped one cannot.
    if (!this.#guestEnded) {
      this.#call.guestMs = this.#guest.cpuMs;
      this.#guest.stop();
    }
    if (wasStreaming) {
      this.#call.bytes = this.stdout.bodyBytes;
      this.#cut(reason);
      this.#noteLastWords();
      if (this.#call.streams) this.#call.ended();
      return;
    }
    this.stdout.close();
    this.#note(reason);
    if (status === 502) this.#call.failure ??= "trap";
    this.#noteLastWords();
    this.#resolve(plainResponse(status === 499 ? 400 : status, this.#route.headers));
  }

  #noteLastWords(): void {
    const tail = this.stderr.tail();
    if (tail !== "") this.#note(`its last words: ${tail}`);
  }

  #blame(): void {
    this.#verdict = "failure";
    this.#call.blame = true;
  }

  /** A guest that runs out of time while its client keeps it waiting for the body has done nothing wrong. */
  #isGuestsFault(status: number): boolean {
    return (
      status === 502 || (status === 504 && !(this.stdin instanceof RequestInput && this.stdin.isStarved))
    );
  }

  #cut(reason: string): void {
    this.#note(reason);
    this.stdout.abort(reason).catch((error: unknown) => this.#note(messageOf(error)));
  }

  #parseHead(): ReadyHead | undefined {
    const ready = this.stdout.knownHead ?? this.#parseNewHead();
    if ("reason" in ready) {
      this.#fail(502, `the guest broke the protocol: ${ready.reason}`);
      return undefined;
    }
    const { head } = ready;
    for (const each of head.removed) this.#note(`left out: ${each}`);
    this.#head = head;
    if (head.localRedirect !== undefined) this.#call.localRedirect = head.localRedirect;
    return this.#route.showsCost ? withCost(ready, this.#guest) : ready;
  }

  #parseNewHead(): ReturnType<HeadCache["parse"]> {
    const block = this.stdout.headBlock();
    return this.stdout.hasHead && block.length <= responseHeadBytesMax
      ? this.#route.heads.parse(block, this.stdout.headBytes())
      : { reason: `its header block is over ${responseHeadBytesMax} bytes` };
  }

  #withoutBody(head: ResponseHead): boolean {
    return (
      bodiless.has(head.status) || this.#call.request.method === "HEAD" || head.localRedirect !== undefined
    );
  }

  #progress(): void {
    this.#progressMs = performance.now();
  }

  /** One timer looks whether anything has moved; it is not set anew with each byte. */
  #armIdle(): void {
    this.#progress();
    const check = (): void => {
      const restMs = this.#route.idleMs - (performance.now() - this.#progressMs);
      if (restMs <= 0) this.#fail(504, `nothing moved for ${this.#route.idleMs} ms`);
      else this.#timer = setTimeout(check, restMs);
    };
    this.#timer = setTimeout(check, this.#route.idleMs);
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    if (!this.#watching) return;
    this.#call.request.signal.removeEventListener("abort", this.#onClientGone);
    this.#route.underWay.delete(this);
  }

  #note(reason: string): void {
    const { reason: before } = this.#call;
    this.#call.reason = before === undefined ? reason : `${before}; ${reason}`;
  }
}

/** What the run has cost so far, as a dictionary of RFC 9651. */
function withCost({ head, headers }: ReadyHead, guest: Guest): ReadyHead {
  const { cpuMs, fuel, hostCost, memoryBytes } = guest;
  const shown = new Headers(headers);
  shown.set(
    "x-emend-cost",
    `cpu-us=${Math.round(cpuMs * 1000)}, fuel=${fuel}, host=${hostCost}, memory=${memoryBytes}`,
  );
  return { head, headers: shown };
}

function noop(): void {
  // Nothing to be told.
}
