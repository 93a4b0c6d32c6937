import { encodeFrame, type Grid } from "@zipml/codec";
import { encodeCounts } from "@zipml/codec/levels";
import { type Birth, encodeMessage, type Health } from "@zipml/protocol";
import { createFrames, soakBirth, soakGrid, soakSchema, startedAt } from "../soak/frames.ts";
import type { Chooser } from "./random.ts";

/** What a hostile device may send. */
export type HostileKind = "data" | "birth" | "death" | "health" | "reported";

/** A message before it is spoiled. */
export interface Sample {
  readonly kind: HostileKind;
  readonly bytes: Uint8Array;
}

const traffic = { messages: 9, payload: 900, bytes: 1200 };

function health(session: number, frames?: Health["dropped"]["frames"]): Health {
  return {
    session,
    uptime: 1234.5,
    sequence: 77,
    accepted: 1000,
    refused: { total: 1, reasons: { "non-finite": 1 } },
    clipped: { c0: 3, c1: 4 },
    queued: { rows: 1, frames: 2, bytes: 3 },
    published: 76,
    resent: 5,
    receipted: 70,
    dropped: { rows: 0, ...(frames === undefined ? {} : { frames }) },
    model: 1,
    traffic: { sent: traffic, received: traffic },
  };
}

/** A grid of the soak schema with other levels. */
function otherGrid(epoch: number, choose: Chooser): Grid {
  const low = -1 - choose.word() / 2 ** 32;
  return {
    ...soakGrid,
    epoch,
    channels: soakGrid.channels.map((channel) => ({ ...channel, levels: { kind: "uniform", low, high: 1 } })),
  };
}

/** A schema of as many channels as asked for, so that births come in all sizes. */
function wide(channels: number): Birth["schema"] {
  return {
    channels: Array.from({ length: channels }, (_, i) => ({
      name: `w${i}`,
      unit: "1",
      range: [0, 1],
      role: i === 0 ? "target" : "feature",
    })),
  };
}

/** A birth that is right in its form and new in its contents: what fills tables that have no bound. */
function freshBirth(choose: Chooser): Birth {
  const session = choose.oneIn(2) ? choose.below(16) : choose.word();
  const many = choose.oneIn(50) ? 64 : 1 + choose.below(3);
  const grids = Array.from({ length: many }, (_, i) => otherGrid(i + choose.below(3) * 64, choose));
  const begun = choose.oneIn(8) ? startedAt + choose.below(1000) : startedAt;
  if (choose.oneIn(40)) {
    const channels = 1 + choose.below(600);
    const [channel] = otherGrid(1, choose).channels;
    if (channel !== undefined)
      return {
        ...soakBirth(session),
        schema: wide(channels),
        grids: [{ ...soakGrid, channels: Array.from({ length: channels }, () => channel) }],
      };
  }
  return { ...soakBirth(session), startedAt: begun, schema: soakSchema, grids };
}

/** A frame that is right in its form: any session, sequence, grid and size. */
function freshFrame(choose: Chooser): Uint8Array {
  const rows = choose.oneIn(100) ? 4096 : 1 + choose.below(8);
  const body = new Uint8Array(choose.oneIn(3) ? choose.below(64) : Math.ceil((rows * 36) / 8)).fill(
    choose.below(256) & 0x66,
  );
  const spread = choose.pick([4, 600, 2 ** 32]);
  const interval = choose.oneIn(10) ? Array.from({ length: rows - 1 }, () => choose.below(1000)) : 10;
  const session = choose.oneIn(4) ? choose.word() : choose.below(16);
  const sequence = choose.below(spread) * (choose.oneIn(2) ? 2 : 1);
  return encodeFrame({
    session,
    sequence: Math.min(sequence, 2 ** 32 - 1),
    grid: choose.below(4),
    coding: "packed",
    start: choose.below(2 ** 30),
    interval,
    rows,
    body,
  });
}

function freshHealth(choose: Chooser): Health {
  const begin = choose.oneIn(4) ? choose.word() : 0; // now and then ranges apart from all others
  const ranges = Array.from(
    { length: 1 + choose.below(8) },
    (_, i) => [begin + i * 1000, begin + i * 1000 + choose.below(900)] as const,
  );
  const told = health(choose.below(16), [
    { session: choose.below(16), ranges: choose.oneIn(4) ? [[0, choose.word()]] : ranges },
  ]);
  return choose.oneIn(4) ? { ...told, histogram: histogram(`c${choose.below(9)}`, choose.below(64), choose) } : told;
}

/** Counts of a feature's readings. */
function histogram(channel: string, window: number, choose: Chooser): NonNullable<Health["histogram"]> {
  const bins = choose.pick([2, 256, 256, 4096]);
  const counts = encodeCounts(Array.from({ length: bins }, () => (choose.oneIn(3) ? choose.below(1000) : 0)));
  return { channel, window, bins, below: choose.below(9), above: 0, counts };
}

/** Valid messages of every kind, to begin with. */
export function createCorpus(): readonly Sample[] {
  const small = createFrames("corpus", 1, 4);
  const large = createFrames("corpus", 1, 256, 2);
  const applied = { session: 1, version: 3, status: "applied", from: 8, grid: 1 } as const;
  const refused = { session: 1, version: 3, status: "refused", reason: "no such channel" } as const;
  const earlier = { ...soakBirth(2), earlier: [{ session: 1, startedAt, grids: [soakGrid] }], desired: 4 };
  const data = [0, 1, 5, 24, 300, 70_000].map((sequence) => ({ kind: "data", bytes: small(sequence) }) as const);
  return [
    ...data,
    ...data,
    { kind: "data", bytes: large(9) },
    { kind: "birth", bytes: encodeMessage("birth", soakBirth(1)) },
    { kind: "birth", bytes: encodeMessage("birth", earlier) },
    { kind: "death", bytes: encodeMessage("death", { session: 1, reason: "lost" }) },
    { kind: "health", bytes: encodeMessage("health", health(1)) },
    {
      kind: "health",
      bytes: encodeMessage("health", {
        ...health(1),
        histogram: {
          channel: "c0",
          window: 9,
          bins: 6,
          below: 1,
          above: 0,
          counts: encodeCounts([0, 300, 7, 0, 0, 1]),
        },
      }),
    },
    {
      kind: "health",
      bytes: encodeMessage(
        "health",
        health(1, [
          {
            session: 1,
            ranges: [
              [3, 9],
              [12, 12],
            ],
          },
        ]),
      ),
    },
    { kind: "reported", bytes: encodeMessage("reported", applied) },
    { kind: "reported", bytes: encodeMessage("reported", refused) },
  ];
}

/** Births kept to be sent again, by one device or another: making one takes longer than it takes the gateway. */
const birthsKept = 512;
/** One birth in so many is made anew, and takes the place of one that was kept. */
const birthsAnew = 16;

/** Makes messages that are right in their form. */
export function createFreshSamples(): (choose: Chooser) => Sample {
  const births: Uint8Array[] = [];
  const birth = (choose: Chooser): Uint8Array => {
    if (births.length === birthsKept && !choose.oneIn(birthsAnew)) return choose.pick(births);
    const made = encodeMessage("birth", freshBirth(choose));
    births[births.length < birthsKept ? births.length : choose.below(birthsKept)] = made;
    return made;
  };
  return (choose) => {
    const which = choose.below(16);
    if (which < 12) return { kind: "data", bytes: freshFrame(choose) };
    if (which < 13) return { kind: "birth", bytes: birth(choose) };
    if (which < 15) return { kind: "health", bytes: encodeMessage("health", freshHealth(choose)) };
    return { kind: "death", bytes: encodeMessage("death", { session: choose.below(16) }) };
  };
}
