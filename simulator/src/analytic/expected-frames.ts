import type { FramePlan } from "../scenario/frame-plan.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond, startSpread } from "../scenario/weather.ts";

/** Chance that the sum of two independent uniform times, from 0 to `a` and from 0 to `b`, is below a time. */
function sumBelow(time: number, a: number, b: number): number {
  if (time <= 0) return 0;
  if (time >= a + b) return 1;
  if (a === 0 || b === 0) return time / (a + b);
  const short = Math.min(a, b);
  const long = Math.max(a, b);
  if (time <= short) return (time * time) / (2 * a * b);
  if (time <= long) return (time - short / 2) / long;
  return 1 - (a + b - time) ** 2 / (2 * a * b);
}

/**
 * Frames of a device that are due before the end, on average over starts and delays: the sum over frames of the chance that
 * start and delay leave them time. Exact as long as a delay is not above the time between frames.
 *
 * @param scenario Duration, interval, start and delay count.
 * @param plan How frames are laid out.
 */
export function expectedFrames(scenario: Scenario, plan: FramePlan): number {
  const spread = startSpread(scenario);
  const jitter = scenario.batch.jitterSeconds * microsecond;
  const room = scenario.durationHours * 3600 * microsecond - plan.sealing;
  if (room <= 0) return 0;
  const certain = Math.max(0, Math.floor((room - spread - jitter) / plan.period));
  let sum = certain;
  for (let sequence = certain; sequence * plan.period < room; sequence++)
    sum += sumBelow(room - sequence * plan.period, spread, jitter);
  return sum;
}
