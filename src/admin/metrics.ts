/** `GET /metrics`: what the node counts, in the text format of Prometheus. */
import type { NodeControl } from "./control.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { type MetricFamily, metricFamilies } from "./metric-families.ts";
import { noQuery } from "./request-input.ts";
import { statusInReach } from "./status.ts";

/** The call. A token of one site sees its metrics. */
export function metricsEndpoint(control: NodeControl): Endpoint {
  return endpoint({
    method: "GET",
    path: "/metrics",
    summary: "Metrics in the text format of Prometheus.",
    reach: "own",
    role: "read",
    query: noQuery,
    body: null,
    answer: { mediaType: "text/plain", description: "Text format 0.0.4." },
    codes: [],
    handle: async ({ c }) => {
      const principal = c.get("principal");
      const counts = control.events
        .counts()
        .filter(({ site }) => principal.site === null || principal.site === site);
      const { text, contentType } = await render(metricFamilies(statusInReach(control, principal), counts));
      return c.body(text, 200, { "content-type": contentType });
    },
  });
}

/**
 * The node keeps the counts; the library's metrics are made for one answer. Only these parts of it are loaded, and
 * with the first answer: all of it takes 36 ms and 15 MB.
 */
async function render(
  families: readonly MetricFamily[],
): Promise<{ readonly text: string; readonly contentType: string }> {
  const [{ default: Registry }, { default: Counter }, { default: Gauge }] = await Promise.all([
    import("prom-client/lib/registry.js"),
    import("prom-client/lib/counter.js"),
    import("prom-client/lib/gauge.js"),
  ]);
  const registry = new Registry();
  for (const { name, help, type, samples } of families) {
    const labelNames = Object.keys(samples[0]?.[0] ?? {});
    const options = { name, help, labelNames, registers: [registry] };
    if (type === "counter") {
      const counter = new Counter(options);
      for (const [labels, value] of samples) counter.inc(labels, value);
    } else {
      const gauge = new Gauge(options);
      for (const [labels, value] of samples) gauge.set(labels, value);
    }
  }
  return { text: await registry.metrics(), contentType: registry.contentType };
}
