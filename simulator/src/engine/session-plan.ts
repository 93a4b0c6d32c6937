import type { LinkModel } from "../links/link.ts";
import { type FramePlan, planFrames } from "../scenario/frame-plan.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type DeviceWords, deviceWords, linkOf, roundTripOf } from "./scenario-link.ts";
import { type FrameSizes, type MeasuredSizes, measuredSizes, plannedSizes } from "./size-steps.ts";
import { mostClasses } from "./tally.ts";

/** What devices send over a link on which they do not disturb each other, but at most wait for each other. */
export interface SessionPlan {
  readonly link: LinkModel;
  readonly frames: FramePlan;
  readonly sizes: FrameSizes;
  /** Bytes of a birth. */
  readonly birth: number;
  /** Bytes of the largest frame. */
  readonly largest: number;
  /** Names by class: devices of groups whose number has as many digits. */
  readonly words: readonly DeviceWords[];
  /** Devices of a cell share one medium: one sends at a time. */
  readonly isShared: boolean;
  /** Half of the way through the network and back, µs. */
  readonly oneWay: number;
  /** Times of one message by class and bytes, µs: until it is there, and on the medium. */
  timesOf(group: number, bytes: number): MessageTimes;
}

/** Times of one message, whole µs. */
export interface MessageTimes {
  readonly duration: number;
  /** On air from the device. */
  readonly airtime: number;
  /** On the medium, both ways. */
  readonly service: number;
}

/**
 * Class of a device by its group: how many digits its number has, from 0.
 *
 * @param group The group.
 */
export function classOfGroup(group: number): number {
  let digits = 0;
  for (let rest = Math.floor(group / 10); rest > 0; rest = Math.floor(rest / 10)) digits += 1;
  return Math.min(digits, mostClasses - 1);
}

/** Links whose devices take turns on one medium. */
const sharedLinks: readonly string[] = ["wifi", "ble", "ieee802154"];

/** The longest frame that any device ever sends: no link that carries sessions takes less for its own reasons. */
const longestFrame = 65_536;

/**
 * What the devices of a scenario send over any link but LoRaWAN.
 *
 * @param scenario The scenario.
 * @param birth Bytes of a birth.
 * @param measured Sizes of frames that agents have measured, in place of the codec's of coding `packed`.
 * @throws SimulationError `limit` where a frame can't be carried, with the limit named.
 */
export function planSessions(scenario: Scenario, birth: number, measured?: readonly MeasuredSizes[]): SessionPlan {
  const link = linkOf(scenario);
  const most = link.maxPayload("data");
  const limit = most < longestFrame ? { bytes: most, why: `${link.title} carries ${most}` } : undefined;
  const frames = planFrames(scenario, limit);
  const sizes =
    measured === undefined || measured.length === 0
      ? plannedSizes(frames, Math.max(1, frames.framesFrom(0)))
      : measuredSizes(measured);
  const classes = classOfGroup(scenario.fleet.groups - 1) + 1;
  const words = Array.from({ length: classes }, (_, digits) => deviceWords(digits + 1));
  const known = new Map<number, MessageTimes>();
  const timesOf = (group: number, bytes: number): MessageTimes => {
    const key = group * (longestFrame + 1) + bytes;
    const found = known.get(key);
    if (found !== undefined) return found;
    const topicBytes = words[group]?.data ?? 0;
    const { durationUs, airtimeUpUs, airtimeDownUs } = link.send({ kind: "data", bytes, topicBytes, aliased: true });
    const times = { duration: durationUs, airtime: airtimeUpUs, service: airtimeUpUs + airtimeDownUs };
    known.set(key, times);
    return times;
  };
  return {
    link,
    frames,
    sizes,
    birth,
    largest: sizes.largest,
    words,
    isShared: sharedLinks.includes(scenario.link),
    oneWay: Math.round(roundTripOf(scenario) / 2),
    timesOf,
  };
}
