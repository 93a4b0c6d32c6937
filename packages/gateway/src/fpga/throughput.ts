import type { AcceleratorConfig } from "./accelerator.ts";
import { checkConfig } from "./check-config.ts";
import { shapeOf } from "./layouts/shape.ts";
import { writeBackLines } from "./timing.ts";

/** An epoch by the formula. Everything here is modelled; the bytes are exact. */
export interface ThroughputEstimate {
  readonly linesPerRow: number;
  readonly lines: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Seconds that memory takes for the lines. */
  readonly memorySeconds: number;
  /** Seconds that the lanes take for them. */
  readonly pipelineSeconds: number;
  readonly writeBackSeconds: number;
  /** The larger of the first two, and the third. */
  readonly seconds: number;
  readonly bound: "memory" | "pipeline";
}

/**
 * Time of an epoch by the throughput formula, t = max(lines · bytes / bandwidth, lines · cyclesPerLine / clock) +
 * write-back: a line a cycle at best, without latency, hazards and drain, which the cycle counts of an accelerator add.
 *
 * @throws {@link AcceleratorError} as for making an accelerator.
 */
export function estimateThroughput(config: AcceleratorConfig): ThroughputEstimate {
  checkConfig(config);
  const { platform } = config;
  const shape = shapeOf(config);
  const bytesRead = shape.lines * shape.lineBytes;
  const bytesWritten = writeBackLines(config, shape) * shape.lineBytes;
  const memorySeconds = bytesRead / platform.bandwidth;
  const pipelineSeconds = (shape.lines * shape.cyclesPerLine) / platform.clock;
  const writeBackSeconds = bytesWritten / platform.bandwidth;
  return {
    linesPerRow: shape.linesPerRow,
    lines: shape.lines,
    bytesRead,
    bytesWritten,
    memorySeconds,
    pipelineSeconds,
    writeBackSeconds,
    seconds: Math.max(memorySeconds, pipelineSeconds) + writeBackSeconds,
    bound: memorySeconds >= pipelineSeconds ? "memory" : "pipeline",
  };
}
