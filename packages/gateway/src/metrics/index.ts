export { createMetrics, type Metrics } from "./metrics.ts";
export { type MetricsOptions, type MetricsServer, serveMetrics } from "./server.ts";
