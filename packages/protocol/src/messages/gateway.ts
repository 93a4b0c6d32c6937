import { maxChannels } from "@zipml/codec";
import { z } from "zod";
import { count, finite, id, keyword, type ReadonlyDeep, sequenceRanges, text, u32, wallTime } from "./fields.ts";
import { gridSchema } from "./grid.ts";

/** When a frame is sealed: whichever comes first. */
const batchSchema = z.object({
  rows: z.int().min(1).max(4096).exactOptional(),
  milliseconds: z.number().gt(0).max(86_400_000).exactOptional(),
  bytes: z.int().min(1).max(45_000).exactOptional(),
});

/** The configuration that a gateway wants a device or a group to run with; what is left out stays as it is. */
export const desiredSchema = z.object({
  /** Rises with every change; the device answers with `reported`. */
  version: u32,
  grid: gridSchema.exactOptional(),
  /** A coarser grid, named beforehand: rows go out under it while the outbox is nearly full and its policy is `thin`. */
  thin: gridSchema.exactOptional(),
  // first of all a map: without a required field, an array or a byte string would pass for one too
  batch: z.record(z.string(), z.unknown()).pipe(batchSchema).exactOptional(),
});

/** Most rows that one command `refetch` names. */
export const maxRefetched = 256;

/** What a gateway asks of a device. The name is also the last level of the topic. */
export const commandSchema = z.discriminatedUnion(
  "name",
  [
    z.object({ name: z.literal("birth") }),
    z.object({ name: z.literal("resend"), session: u32, ranges: sequenceRanges }),
    z.object({
      name: z.literal("refetch"),
      session: u32,
      /** Sequence of a frame and number within it. */
      rows: z
        .array(z.tuple([u32, z.int().min(0).max(0xfffe)]))
        .min(1)
        .max(maxRefetched),
    }),
  ],
  { error: "is a command that is not known here; known: birth, resend, refetch" },
);

const columnSchema = z.object({
  name: text(1, 64),
  unit: text(0, 32),
  /** Mean and deviation that a reading is standardised with, in the channel's unit. */
  mean: finite,
  deviation: z.number().min(0),
});

/** Weights on standardised readings: as they are at 0 bits, else as codes of equal intervals. */
const weightsSchema = z.union([
  z.object({ bits: z.literal(0), values: z.array(finite).max(maxChannels) }),
  z.object({
    bits: z.int().min(1).max(16),
    /** Largest magnitude: the codes divide -scale to scale into 2^bits - 1 equal intervals. */
    scale: z.number().min(0),
    /** One code a feature, `bits` wide, least significant bit first, no padding between. */
    codes: z.instanceof(Uint8Array),
  }),
]);

/**
 * A trained linear model. prediction = intercept + target deviation · Σ weight · (reading − mean) / deviation; with `classes`
 * that is a decision value.
 */
export const modelSchema = z
  .object({
    /** Rises with every model that is published. */
    version: u32,
    /** SHA-256 in lower-case hex. */
    hash: z.string().regex(/^[0-9a-f]{64}$/, { error: "is not 64 lower-case hex digits" }),
    createdAt: wallTime,
    target: columnSchema,
    features: z.array(columnSchema).min(1).max(maxChannels),
    weights: weightsSchema,
    /** Prediction at the mean of every feature, in the target's unit or, with `classes`, as a decision value. */
    intercept: finite,
    /** Where the prediction is a decision value: the loss that made it, and the labels from 0 on and below it. */
    classes: z.object({ loss: keyword, negative: finite, positive: finite }).exactOptional(),
    estimator: keyword,
    solver: keyword,
    /** Rows that it was trained on. */
    rows: count,
  })
  .refine(
    ({ features, weights }) =>
      "values" in weights
        ? weights.values.length === features.length
        : weights.codes.length === Math.ceil((features.length * weights.bits) / 8),
    { path: ["weights"], error: "do not match the number of features" },
  );

/** Whether a gateway is there: published on connect, and the broker's last will otherwise. */
export const stateSchema = z.object({
  id,
  online: z.boolean(),
  /** When the run of the gateway began, ms since 1970: an older run's never replaces a newer one's. */
  at: wallTime,
  /** Whether it publishes models. */
  trains: z.boolean().exactOptional(),
});

/** A desired message. */
export type Desired = ReadonlyDeep<z.infer<typeof desiredSchema>>;
/** A command message. */
export type Command = ReadonlyDeep<z.infer<typeof commandSchema>>;
/** A model message. */
export type Model = ReadonlyDeep<z.infer<typeof modelSchema>>;
/** A gateway's state message. */
export type GatewayState = ReadonlyDeep<z.infer<typeof stateSchema>>;
