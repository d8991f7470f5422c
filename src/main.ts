#!/usr/bin/env bun
/** The entry: argv in, exit code out. */
import { runCommandLine } from "./cli/index.ts";

process.exit(await runCommandLine(process.argv.slice(2)));
