import { describe, expect, test } from "bun:test";
import { EmendError } from "../errors.ts";
import { uploadBody } from "./upload-body.ts";

/** A client that sends pieces of so many bytes, waiting before each, and then says nothing more or ends. */
function client(pieces: readonly number[], waitMs: number, end: "ends" | "hangs" | "breaks") {
  let [at, cancelled] = [0, false];
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const bytes = pieces[at++];
        if (bytes !== undefined) {
          if (waitMs > 0) await Bun.sleep(waitMs);
          if (!cancelled) controller.enqueue(new Uint8Array(bytes));
        } else if (end === "ends") controller.close();
        else if (end === "breaks") controller.error(new Error("The connection was closed."));
        else await new Promise(() => undefined);
      },
      cancel: () => {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    get cancelled() {
      return cancelled;
    },
    get pulls() {
      return at;
    },
  };
}

async function refusalOf(read: Promise<unknown>): Promise<EmendError> {
  const error = await read.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof EmendError) return error;
  throw new Error(`expected a refusal, got ${error}`);
}

const limits = { bytesMax: 1000, windowMs: 60, bytesPerWindowMin: 10 };
const read = (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> => new Response(stream).bytes();

describe("uploadBody", () => {
  test("uploadBody hands on what comes", async () => {
    const { stream } = uploadBody(client([400, 600], 0, "ends").stream, limits);
    expect(await read(stream)).toHaveLength(1000);
  });

  test("uploadBody of a request without a body is empty", async () => {
    expect(await read(uploadBody(null, limits).stream)).toHaveLength(0);
  });

  test("uploadBody refuses the first byte too many, and takes no more", async () => {
    const source = client([600, 401, 1], 0, "hangs");
    const { code, message } = await refusalOf(read(uploadBody(source.stream, limits).stream));
    expect([code, message]).toEqual([
      "patch.too-large",
      "expected a patch of at most 1000 bytes (patch_max)",
    ]);
    expect([source.cancelled, source.pulls]).toEqual([true, 2]);
  });

  test("uploadBody cuts a client that says nothing more", async () => {
    const source = client([5], 0, "hangs");
    const startedMs = performance.now();
    const { code, message } = await refusalOf(read(uploadBody(source.stream, limits).stream));
    expect([code, message]).toEqual([
      "patch.truncated",
      "the upload brought under 10 bytes in 60 ms and was cut after 5",
    ]);
    expect(performance.now() - startedMs).toBeGreaterThan(50);
    expect(source.cancelled).toBe(true);
  });

  test("uploadBody cuts a client that drips", async () => {
    const source = client(Array(100).fill(1), 15, "ends");
    const { code } = await refusalOf(read(uploadBody(source.stream, limits).stream));
    expect(code).toBe("patch.truncated");
    expect(source.pulls).toBeLessThan(20);
  });

  test("uploadBody is patient with a slow client that goes on", async () => {
    const { stream } = uploadBody(client(Array(10).fill(20), 25, "ends").stream, limits);
    expect(await read(stream)).toHaveLength(200);
  });

  test("uploadBody does not count the time in which nobody asks for more", async () => {
    const reader = uploadBody(client([1, 1, 1, 1], 1, "ends").stream, limits).stream.getReader();
    for (let at = 0; at < 4; at++) {
      expect((await reader.read()).value).toHaveLength(1);
      await Bun.sleep(40);
    }
    expect((await reader.read()).done).toBe(true);
  });

  test("uploadBody says that a client broke off", async () => {
    const { code, message } = await refusalOf(
      read(uploadBody(client([7], 0, "breaks").stream, limits).stream),
    );
    expect([code, message]).toEqual(["patch.truncated", "the upload broke off after 7 bytes"]);
  });

  test("uploadBody reads nothing that nobody asks for, and stop ends it for whoever reads", async () => {
    const source = client([1, 1, 1], 0, "hangs");
    const body = uploadBody(source.stream, limits);
    await Bun.sleep(5);
    expect(source.pulls).toBe(0);
    const reader = body.stream.getReader();
    await reader.read();
    body.stop();
    expect(source.cancelled).toBe(true);
  });
});
