import type { AcceleratorConfig, EpochCounters } from "./accelerator.ts";
import { checkConfig } from "./check-config.ts";
import { shapeOf } from "./layouts/shape.ts";
import { Schedule } from "./timing.ts";

/**
 * What an epoch of a configuration costs, without data: the counters of an accelerator, to the cycle, as they depend on the
 * configuration alone. Takes time by the line and memory by the platform's buffers. No sum is formed: `wraps` is 0.
 *
 * @throws {@link AcceleratorError} as for making an accelerator.
 */
export function countEpoch(config: AcceleratorConfig): EpochCounters {
  checkConfig(config);
  const shape = shapeOf(config);
  const schedule = new Schedule(config, shape);
  const groups = Math.ceil(config.rows / shape.rowsPerGroup);
  const groupsPerBatch = config.batch / shape.rowsPerGroup;
  for (let group = 0; group < groups; group++) {
    for (let line = 0; line < shape.linesPerRow; line++) schedule.issue();
    schedule.finishRow();
    const ends = (group + 1) % groupsPerBatch === 0 || group === groups - 1;
    if (ends && config.faithful !== true) schedule.update();
  }
  return schedule.counters(0);
}
