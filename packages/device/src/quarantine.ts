import { covers, type FrameId, type Receipted } from "./outbox.ts";

/** Why a frame is set aside: the broker said that it refuses it, or the connection ended as soon as it was sent alone. */
export type Offence = "refused" | "hang-up";

/** A frame that is not sent for now. */
export interface QuarantinedFrame extends FrameId {
  readonly offence: Offence;
  /** What the broker said the last time. */
  readonly reason: string;
}

/** How many frames are set aside, and why. */
export interface QuarantineCounts {
  /** Refused by the broker, twice: not sent again before the next start or `retryQuarantined()`. */
  readonly refused: number;
  /** The connection ended on them, twice: tried again later. */
  readonly hangUps: number;
  /** Why the last of them was. */
  readonly reason: string | undefined;
}

/**
 * Frames that the broker refuses: they are kept and not sent, so that those behind them get through. What the broker says
 * counts for good. A connection that ends may have had other reasons: a frame that is here for that is let out to be tried
 * once more, after the next acknowledgement of another one or a minute, and then after twice as long each time, up to an hour.
 */
export interface Quarantine {
  readonly size: number;
  counts(): QuarantineCounts;
  has(id: FrameId): boolean;
  /** A frame offended; returns what it is in quarantine for, if this was once too often. */
  strike(id: FrameId, offence: Offence, reason: string): QuarantinedFrame | undefined;
  /** A frame was acknowledged: what was held against it is forgotten, and others are tried again the sooner. */
  clear(id: FrameId): void;
  /** Lets those out whose time has come; returns them. */
  parole(): readonly FrameId[];
  /** A receipt came: what it covers is kept no longer. */
  release(receipted: Receipted): void;
  /** Lets all of them go; returns how many there were. */
  empty(): number;
}

/** Offences of one kind after which a frame is not sent any more. */
const mostOffences = 2;
/** Wait of a frame that a connection ended on, ms: first and longest. */
const firstWait = 60_000;
const longestWait = 3_600_000;

/** What is held against a frame. */
interface Case extends FrameId {
  refused: number;
  "hang-up": number;
  /** How often it was set aside because of a hang-up. */
  terms: number;
  /** While it is set aside: why, and until when, ms on the clock. */
  held: { readonly offence: Offence; readonly reason: string; until: number } | undefined;
}

/**
 * An empty quarantine.
 *
 * @param now The clock, ms.
 */
export function createQuarantine(now: () => number): Quarantine {
  const cases = new Map<string, Case>();
  let size = 0;
  const keyOf = ({ session, sequence }: FrameId): string => `${session}/${sequence}`;
  const held = () => [...cases.values()].flatMap((one) => (one.held === undefined ? [] : [one.held]));
  const free = (one: Case): void => {
    if (one.held !== undefined) size -= 1;
    one.held = undefined;
  };
  const drop = (key: string): void => {
    const one = cases.get(key);
    if (one !== undefined) free(one);
    cases.delete(key);
  };
  const hold = (one: Case, offence: Offence, reason: string): QuarantinedFrame => {
    if (offence === "hang-up") one.terms += 1;
    const wait = offence === "refused" ? Number.POSITIVE_INFINITY : firstWait * 2 ** (one.terms - 1);
    if (one.held === undefined) size += 1;
    one.held = {
      offence,
      reason,
      until: now() + (wait === Number.POSITIVE_INFINITY ? wait : Math.min(wait, longestWait)),
    };
    return { session: one.session, sequence: one.sequence, offence, reason };
  };
  return {
    get size() {
      return size;
    },
    counts: () => {
      const all = size === 0 ? [] : held();
      const refused = all.filter(({ offence }) => offence === "refused").length;
      return { refused, hangUps: all.length - refused, reason: all.at(-1)?.reason };
    },
    has: (id) => size > 0 && cases.get(keyOf(id))?.held !== undefined,
    strike: ({ session, sequence }, offence, reason) => {
      const key = keyOf({ session, sequence });
      const one = cases.get(key) ?? { session, sequence, refused: 0, "hang-up": 0, terms: 0, held: undefined };
      cases.set(key, one);
      one[offence] += 1;
      // one that was let out to be tried gets no second try
      const most = offence === "hang-up" && one.terms > 0 ? 1 : mostOffences;
      if (one[offence] < most) return undefined;
      one[offence] = 0;
      return hold(one, offence, reason);
    },
    clear: (id) => {
      if (cases.size === 0) return;
      drop(keyOf(id));
      for (const one of cases.values())
        if (one.held !== undefined && one.held.offence === "hang-up" && one.terms === 1) one.held.until = now();
    },
    parole: () => {
      const out: FrameId[] = [];
      if (size === 0) return out;
      for (const one of cases.values()) {
        if (one.held === undefined || one.held.until > now()) continue;
        free(one);
        out.push({ session: one.session, sequence: one.sequence });
      }
      return out;
    },
    release: (receipted) => {
      for (const [key, one] of cases) if (covers(receipted, one)) drop(key);
    },
    empty: () => {
      const count = size;
      cases.clear();
      size = 0;
      return count;
    },
  };
}
