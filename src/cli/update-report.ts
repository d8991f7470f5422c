/** Answers of a node about its releases, as lines for people. What a node says is shown, never obeyed by the terminal. */
import type { CanaryStatus, HealthCounts, UpdateResult } from "../admin/index.ts";
import { shownBytes } from "./file-table.ts";
import { printable } from "./printable.ts";

const words: Readonly<Record<UpdateResult["status"], string>> = {
  applied: "applied: it answers from now on",
  canary: "staged as a canary",
  checked: "checked: it would be applied; nothing was changed",
  "rolled-back": "rolled back",
};

/** What an upload or a rollback came to. */
export function updateText(result: UpdateResult): string {
  const { status, from, to, sequence, generation, bytes, ms, canary } = result;
  const steps = (["verify", "apply", "compile", "probe", "store", "swap"] as const)
    .filter((step) => ms[step] > 0)
    .map((step) => `${step} ${shownMs(ms[step])}`);
  const lines = [
    words[status],
    `  ${from}`,
    `→ ${to}, sequence ${sequence}, generation ${generation}`,
    `  in ${shownMs(ms.total)}${steps.length === 0 ? "" : `: ${steps.join(", ")}`}`,
  ];
  if (bytes.patch > 0)
    lines.push(`  ${shownBytes(bytes.patch)} sent for a release of ${shownBytes(bytes.full)}`);
  if (canary !== null) lines.push(canaryText(canary));
  return lines.join("\n");
}

/** A canary and both of its sides. */
export function canaryText({ state, release, percent, endsAt, health, reason }: CanaryStatus): string {
  const until = state === "running" ? `, a verdict from ${endsAt} on` : "";
  const why = reason === null ? "" : `: ${printable(reason)}`;
  return [
    `canary ${state}${why}: ${release} at ${percent} %${until}`,
    `  canary: ${healthText(health.canary)}`,
    `  before: ${healthText(health.before)}`,
  ].join("\n");
}

/** `1,234 requests of 56 clients, 2 failed, p99 4.1 ms`. */
export function healthText({ requests, failures, clients, p99Ms }: HealthCounts): string {
  const slow = p99Ms === null ? "" : `, p99 ${shownMs(p99Ms)}`;
  return `${requests} requests of ${clients} clients, ${failures} failed${slow}`;
}

function shownMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
