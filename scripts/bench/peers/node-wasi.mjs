/**
 * Runs a guest in node:wasi, with the files given as its standard input and output, and prints what its run took:
 *
 *     node node-wasi.mjs MODULE STDIN STDOUT [DIRECTORY]
 */
import { openSync, readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [, , file, stdin, stdout, directory] = process.argv;
const wasi = new WASI({
  version: "preview1",
  stdin: openSync(stdin, "r"),
  stdout: openSync(stdout, "w"),
  preopens: directory === undefined ? {} : { "/": directory },
  returnOnExit: true,
});
const module = new WebAssembly.Module(readFileSync(file));
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
const beganCpu = process.cpuUsage();
const began = process.hrtime.bigint();
wasi.start(instance);
const wallNs = Number(process.hrtime.bigint() - began);
const { user, system } = process.cpuUsage(beganCpu);
console.log(JSON.stringify({ wallNs, cpuNs: (user + system) * 1000 }));
