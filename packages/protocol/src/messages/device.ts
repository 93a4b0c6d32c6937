import { maxCountBins } from "@zipml/codec/levels";
import { z } from "zod";
import { count, counts, type ReadonlyDeep, sequenceRanges, span, text, u32, wallTime } from "./fields.ts";
import { gridSchema, schemaSchema } from "./grid.ts";

const grids = z
  .array(gridSchema)
  .min(1)
  .max(64)
  .refine((list) => new Set(list.map(({ epoch }) => epoch)).size === list.length, { error: "use an epoch twice" });

/** The first message after every connect, sent again on request: what the frames of this session mean. */
export const birthSchema = z
  .object({
    session: u32,
    /** Wall clock at the session's start, ms: what t0 of a frame counts from. */
    startedAt: wallTime,
    schema: schemaSchema,
    /** Every grid that a frame still kept may name; the last is in force. */
    grids,
    /** What frames kept from sessions before this one mean; the schema only where it was another. */
    earlier: z
      .array(z.object({ session: u32, startedAt: wallTime, schema: schemaSchema.exactOptional(), grids }))
      .max(64)
      .exactOptional(),
    software: z.object({ name: text(1, 64), version: text(1, 64) }),
    /** Version of the desired configuration that is applied. */
    desired: u32.exactOptional(),
  })
  .refine(({ schema, grids: list }) => list.every((grid) => grid.channels.length === schema.channels.length), {
    path: ["grids"],
    error: "have another number of channels than the schema",
  });

/** The end of a session: published on a clean close, and the broker's last will otherwise. */
export const deathSchema = z.object({ session: u32, reason: z.enum(["closed", "lost"]).exactOptional() });

/** What a device made of a desired configuration. */
export const reportedSchema = z.discriminatedUnion("status", [
  z.object({
    session: u32,
    version: u32,
    status: z.literal("applied"),
    /** First sequence that it holds for. */
    from: count,
    /** Epoch of the grid that is now in force. */
    grid: z.int().min(0).max(0xffff),
    /** Epoch of the grid for a full outbox, where one was named. */
    thin: z.int().min(0).max(0xffff).exactOptional(),
  }),
  z.object({ session: u32, version: u32, status: z.literal("refused"), reason: text(1, 256) }),
]);

/** Traffic in one direction since the device started. */
const trafficSchema = z.object({
  /** Application messages. */
  messages: count,
  /** Bytes of their payloads. */
  payload: count,
  /** Bytes of the MQTT packets around them, acknowledgements and all. */
  bytes: count,
});

/** Counts of one feature's readings over its range, for the gateway to fit levels to. */
const histogramSchema = z.object({
  /** Name of the channel; its range in the session's schema is the histogram's. */
  channel: text(1, 64),
  /** Rises within the session: of two windows of a channel the higher one counts, and each once. */
  window: u32,
  bins: z.int().min(2).max(maxCountBins),
  /** Readings outside the range. */
  below: u32,
  above: u32,
  /** One count a bin, as the codec's `encodeCounts` gives them. */
  counts: z.instanceof(Uint8Array).refine(({ length }) => length <= 5 * maxCountBins, { error: "are too long" }),
});

/** The counters of a device, since its session started. */
export const healthSchema = z.object({
  session: u32,
  /** Since the session started, ms. */
  uptime: span,
  /** Sequence that the next frame will get. */
  sequence: count,
  /** Rows that the outbox has taken. */
  accepted: count,
  /** Rows refused, and why. */
  refused: z.object({ total: count, reasons: counts.exactOptional() }),
  /** Readings clipped to the range, by channel. */
  clipped: counts,
  /** What waits for a receipt. */
  queued: z.object({ rows: count, frames: count, bytes: count }),
  /** Frames published, and of these again. */
  published: count,
  resent: count,
  /** Frames that the gateway has on disk. */
  receipted: count,
  /** Rows dropped by policy when the outbox was full. */
  dropped: z.object({
    rows: count,
    /** Frames that were dropped so and will never come: they close the gaps that they left. */
    frames: z
      .array(z.object({ session: u32, ranges: sequenceRanges }))
      .max(64)
      .exactOptional(),
  }),
  /** Rows sealed under the coarser grid, or sealed again under it, because the outbox was full. */
  thinned: z
    .object({
      rows: count,
      /** Frames that were sealed before and again under it: their rows count among `rows`. */
      again: count,
      /** Whether rows are sealed under it now. */
      active: z.boolean(),
    })
    .exactOptional(),
  /** Bytes of exact rows kept for `refetch`; rows answered exactly and as gone, and commands left unanswered. */
  refetch: z.object({ held: count, answered: count, gone: count, ignored: count }).exactOptional(),
  /** Frames set aside because the broker refuses them (`refused`) or the connection ends on them (`hangUps`). */
  quarantined: z.object({ refused: count, hangUps: count, reason: text(1, 256).exactOptional() }).exactOptional(),
  /** Version of the model that is applied. */
  model: u32.exactOptional(),
  /** In one message now and then, one channel in turn. */
  histogram: histogramSchema.exactOptional(),
  traffic: z.object({ sent: trafficSchema, received: trafficSchema }).exactOptional(),
});

/** What the gateway has stored of one session: frames that the device may delete. */
export const receiptSchema = z
  .object({
    session: u32,
    /** Every sequence below it is stored. */
    floor: count,
    /** Closed ranges stored above the floor, rising, at most 256. */
    ranges: sequenceRanges,
  })
  .refine(({ floor, ranges }) => (ranges[0]?.[0] ?? Number.POSITIVE_INFINITY) > floor, {
    path: ["ranges"],
    error: "start at or below the floor",
  });

/** A birth message. */
export type Birth = ReadonlyDeep<z.infer<typeof birthSchema>>;
/** A death message. */
export type Death = ReadonlyDeep<z.infer<typeof deathSchema>>;
/** A reported message. */
export type Reported = ReadonlyDeep<z.infer<typeof reportedSchema>>;
/** A health message. */
export type Health = ReadonlyDeep<z.infer<typeof healthSchema>>;
/** A receipt message. */
export type Receipt = ReadonlyDeep<z.infer<typeof receiptSchema>>;
