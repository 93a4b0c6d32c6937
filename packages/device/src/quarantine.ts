import { covers, type FrameId, type Receipted } from "./outbox.ts";

/** A frame that is not sent for now. */
export interface QuarantinedFrame extends FrameId {
  /** What the broker said the last time. */
  readonly reason: string;
}

/** Frames that the broker refuses: they are kept and not sent, so that those behind them get through. */
export interface Quarantine {
  readonly size: number;
  has(id: FrameId): boolean;
  /** A frame was refused; returns what it is in quarantine for, if this was once too often. */
  strike(id: FrameId, reason: string): QuarantinedFrame | undefined;
  /** A frame was acknowledged: what was held against it is forgotten. */
  clear(id: FrameId): void;
  /** A receipt came: what it covers is kept no longer. */
  release(receipted: Receipted): void;
  /** Lets all of them go; returns how many there were. */
  empty(): number;
}

/** Refusals of a frame after which it is not sent any more. */
const mostRefusals = 2;

/** An empty quarantine. */
export function createQuarantine(): Quarantine {
  const held = new Map<string, QuarantinedFrame>();
  const strikes = new Map<string, number>();
  const keyOf = ({ session, sequence }: FrameId): string => `${session}/${sequence}`;
  return {
    get size() {
      return held.size;
    },
    has: (id) => held.size > 0 && held.has(keyOf(id)),
    strike: (id, reason) => {
      const key = keyOf(id);
      const count = (strikes.get(key) ?? 0) + 1;
      if (count < mostRefusals) {
        strikes.set(key, count);
        return undefined;
      }
      strikes.delete(key);
      const frame = { session: id.session, sequence: id.sequence, reason };
      held.set(key, frame);
      return frame;
    },
    clear: (id) => {
      if (strikes.size > 0) strikes.delete(keyOf(id));
    },
    release: (receipted) => {
      for (const [key, frame] of held) if (covers(receipted, frame)) held.delete(key);
    },
    empty: () => {
      const count = held.size;
      held.clear();
      strikes.clear();
      return count;
    },
  };
}
