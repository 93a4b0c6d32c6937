import type { FramePlan } from "../scenario/frame-plan.ts";
import { microsecond, type Weather } from "../scenario/weather.ts";

/**
 * Frames of a device that are due before the end. Frames go in order, so one that is put off holds up those behind it.
 *
 * @param plan How frames are laid out.
 * @param weather Start and delays.
 * @param device Number in the fleet.
 * @param start Of the device, µs.
 * @param jitterSeconds Longest delay.
 * @param end Of the simulation, µs.
 */
export function framesDue(
  plan: FramePlan,
  weather: Weather,
  device: number,
  start: number,
  jitterSeconds: number,
  end: number,
): number {
  const sealed = plan.framesFrom(start);
  const jitter = Math.round(jitterSeconds * microsecond);
  if (jitter === 0) return sealed;
  const origin = start + plan.sealing;
  const safe = Math.max(0, Math.floor((end - jitter - origin) / plan.period));
  for (let sequence = Math.min(safe, sealed); sequence < sealed; sequence++)
    if (origin + sequence * plan.period + weather.jitterOf(device, sequence) >= end) return sequence;
  return sealed;
}

/**
 * The oldest frame that a device still sends: those before it are too old, or had to make room.
 *
 * @param time Now, µs.
 * @param origin When the first frame was sealed, µs.
 * @param period From one sealing to the next, µs.
 * @param expire Age at which a frame is too old, µs.
 * @param queue Frames that a device keeps.
 */
export function oldestKept(time: number, origin: number, period: number, expire: number, queue: number): number {
  const sealed = Math.floor((time - origin) / period) + 1;
  return Math.max(sealed - queue, Math.ceil((time - expire - origin) / period));
}
