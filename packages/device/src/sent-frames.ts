import type { FrameId } from "./outbox.ts";

/** Which frames were published at least once, in a few ranges a session. */
export interface SentFrames {
  /** Notes that a frame is published; returns whether it is the first time. */
  add(id: FrameId): boolean;
  has(id: FrameId): boolean;
}

/** Nothing published yet. */
export function createSentFrames(): SentFrames {
  const sessions = new Map<number, [from: number, to: number][]>();
  return {
    has: ({ session, sequence }) =>
      sessions.get(session)?.some(([from, to]) => from <= sequence && sequence <= to) ?? false,
    add: ({ session, sequence }) => {
      const ranges = sessions.get(session) ?? [];
      sessions.set(session, ranges);
      const before = ranges.findLastIndex(([from]) => from <= sequence);
      const [low, high] = [ranges[before], ranges[before + 1]];
      if (low !== undefined && sequence <= low[1]) return false;
      const joinsLow = low !== undefined && low[1] + 1 === sequence;
      const joinsHigh = high !== undefined && high[0] === sequence + 1;
      if (joinsLow && joinsHigh) {
        low[1] = high[1];
        ranges.splice(before + 1, 1);
      } else if (joinsLow) low[1] = sequence;
      else if (joinsHigh) high[0] = sequence;
      else ranges.splice(before + 1, 0, [sequence, sequence]);
      return true;
    },
  };
}
