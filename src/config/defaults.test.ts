import { expect, test } from "bun:test";
import { defaultNodeConfig, singleModuleConfig } from "./defaults.ts";
import { parseNodeConfig } from "./node-config.ts";
import { parseSiteConfig } from "./site-config.ts";

test("defaultNodeConfig is what an empty emend.toml comes to", () => {
  expect(defaultNodeConfig()).toEqual(parseNodeConfig("", "emend.toml"));
});

test("singleModuleConfig is what the shortest site.toml with a preloaded module comes to", () => {
  const toml = '[[route]]\npath = "/*"\nmodule = "a.wasm"\npreload = true\n';
  expect(singleModuleConfig("a.wasm")).toEqual(parseSiteConfig(toml, "site.toml"));
});
