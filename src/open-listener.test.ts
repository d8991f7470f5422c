import { describe, expect, test } from "bun:test";
import { EmendError } from "./errors.ts";
import { openListener } from "./open-listener.ts";

const tls = { certFile: "/etc/cert.pem", keyFile: "/etc/key.pem" };

/** What the system or Bun throws. */
const thrown = (code: string): Error => Object.assign(new Error("in the system's words"), { code });

describe("openListener", () => {
  const table: [code: string, message: RegExp][] = [
    ["EADDRINUSE", /another program listens there; choose another address with --admin$/],
    ["EADDRNOTAVAIL", /does not have that address; choose another with --admin$/],
    ["EINVAL", /no address or name that this machine knows/],
    ["EACCES", /permission denied, as is usual for ports below 1024/],
    ["ERR_OSSL_PEM_NO_START_LINE", /\/etc\/cert\.pem and \/etc\/key\.pem are no certificate/],
    ["EMFILE", /: in the system's words$/],
  ];
  const address = { hostname: "127.0.0.1", port: 80 };
  for (const [code, message] of table) {
    for (const [how, error] of [
      ["as it is", thrown(code)],
      ["as the cause of ours", new EmendError("listen", "in the system's words", { cause: thrown(code) })],
    ] as const) {
      test(`tells what ${code} means, ${how}`, () => {
        const open = (): never => {
          throw error;
        };
        const refused = catchRefusal(() => openListener({ option: "--admin", address, tls }, open));
        expect(refused.code).toBe("listen");
        expect(refused.message).toStartWith("cannot listen on 127.0.0.1:80: ");
        expect(refused.message).toMatch(message);
      });
    }
  }

  test.each([
    [undefined, ":80"],
    ["::1", "[::1]:80"],
    ["node.test", "node.test:80"],
  ])("names the host %p as it was given", (hostname, words) => {
    const plan = { option: "--addr", address: { hostname, port: 80 }, tls: undefined } as const;
    const refused = catchRefusal(() =>
      openListener(plan, () => {
        throw thrown("EADDRINUSE");
      }),
    );
    expect(refused.message).toStartWith(`cannot listen on ${words}: `);
  });

  test("leaves other refusals and results as they are", () => {
    const plan = { option: "--addr", address, tls } as const;
    const unreadable = new EmendError("io", "cannot read /etc/cert.pem");
    const refused = catchRefusal(() =>
      openListener(plan, () => {
        throw unreadable;
      }),
    );
    expect(refused).toBe(unreadable);
    expect(openListener(plan, () => "a listener")).toBe("a listener");
  });
});

function catchRefusal(run: () => unknown): EmendError {
  try {
    run();
  } catch (error) {
    if (error instanceof EmendError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}
