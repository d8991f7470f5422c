import { describe, expect, test } from "bun:test";
import { clientKeyBytes, writeClientKey } from "./client-key.ts";

function keyOf(address: string): string {
  const key = new Uint8Array(clientKeyBytes).fill(0x3f);
  writeClientKey(address, key);
  return Buffer.from(key).toString("hex");
}

const nobody = "0000000000000000";

describe("writeClientKey", () => {
  test.each([
    ["192.0.2.7", "0000ffffc0000207"],
    ["255.255.255.255", "0000ffffffffffff"],
    ["::ffff:192.0.2.7", "0000ffffc0000207"],
    ["::FFFF:192.0.2.7", "0000ffffc0000207"],
    ["::ffff:c000:207", "0000ffffc0000207"],
    ["0:0:0:0:0:ffff:192.0.2.7", "0000ffffc0000207"],
    ["2001:db8:1:2::1", "20010db800010002"],
    ["2001:DB8:1:2:ffff:ffff:ffff:ffff", "20010db800010002"],
    ["2001:0db8:0001:0002:0000:0000:0000:0001", "20010db800010002"],
    ["2001:db8:1:3::1", "20010db800010003"],
    ["2001:db8::", "20010db800000000"],
    ["fe80::1%eth0", "fe80000000000000"],
    ["64:ff9b::192.0.2.7", "0064ff9b00000000"],
    ["1:2:3:4:5:6:7::", "0001000200030004"],
    ["::2:3:4:5:6:7:8", "0000000200030004"],
    ["::1", nobody],
    ["::", nobody],
  ])("of %s is %s", (address, key) => {
    expect(keyOf(address)).toBe(key);
  });

  test.each([
    ...[
      "",
      "x",
      "localhost",
      "1.2.3",
      "1.2.3.4.5",
      "256.0.0.1",
      "1.2.3.-4",
      "1..2.3",
      "01111.1.1.1",
      "%eth0",
    ],
    ...[
      ":",
      ":::",
      "1:2:3",
      "1:2:3:4:5:6:7:8:9",
      "1::2::3",
      "12345::",
      "g::",
      "::1.2.3",
      "::1.2.3.256",
      "-1::",
    ],
    ...["1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:1.2.3.4", ":1:2:3:4:5:6:7", ".".repeat(20_000)],
  ])("of %j, which is no address, is nobody's", (address) => {
    expect(keyOf(address)).toBe(nobody);
  });
});
