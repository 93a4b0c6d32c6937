import {
  codings,
  gridSeedPattern,
  levelsFault,
  maxBits,
  maxChannels,
  maxSamples,
  rangeFault,
  schemes,
} from "@zipml/codec";
import { z } from "zod";
import { finite, type ReadonlyDeep, text } from "./fields.ts";

/** The codec's bounds, so that no range that is let in here is refused there. */
const sound = (low: number, high: number) => rangeFault(low, high) === undefined;
const span = { error: "is no range: low <= high, both within ±1e100, and apart by 0 or at least 1e-100" };

/** The channels of a device, in the order of a row. */
export const schemaSchema = z.object({
  channels: z
    .array(
      z.object({
        name: text(1, 64),
        unit: text(0, 32),
        /** Both ends belong to it, in the channel's unit. */
        range: z.tuple([finite, finite]).refine(([low, high]) => sound(low, high), span),
        role: z.enum(["feature", "target"]),
      }),
    )
    .min(1)
    .max(maxChannels)
    .refine((channels) => new Set(channels.map(({ name }) => name)).size === channels.length, {
      error: "name a channel twice",
    }),
});

/** Levels, as far as they can be checked without width and draws. */
const levelsSchema = z.discriminatedUnion(
  "kind",
  [
    z
      .object({ kind: z.literal("uniform"), low: finite, high: finite })
      .refine(({ low, high }) => sound(low, high), span),
    z.object({
      kind: z.literal("points"),
      points: z
        .array(finite)
        .min(2)
        .max(2 ** maxBits),
    }),
  ],
  { error: "are of a kind that is not known here; known: uniform, points" },
);

const channelGridSchema = z
  .object({ bits: z.int().min(1).max(maxBits), samples: z.int().min(1).max(maxSamples), levels: levelsSchema })
  .superRefine(({ bits, samples, levels }, context) => {
    const intervals = Math.floor((2 ** bits - 1) / samples); // not the codec's, which throws what is out of range
    const refuse = (message: string, path: string[]) => context.addIssue({ code: "custom", message, path });
    if (!(intervals >= 1)) refuse("has more samples than 2^bits - 1", []);
    else {
      const fault = levelsFault(levels, intervals);
      if (fault !== undefined) refuse(fault, ["levels"]);
    }
  });

/** Scheme interval tells fewer intervals apart in as many bits than the others. */
const holdsPoints = ({ bits, samples, levels }: z.infer<typeof channelGridSchema>) =>
  levels.kind !== "points" || levels.points.length - 1 <= Math.floor(2 ** bits / (samples + 1));

/** One versioned set of levels, scheme and coding. A scheme, coding or kind of levels not known here is refused. */
export const gridSchema = z
  .object({
    /** 0 to 65,535; every frame names the epoch that it was coded with. */
    epoch: z.int().min(0).max(0xffff),
    scheme: z.enum(schemes, { error: unknown("scheme", schemes) }),
    coding: z.enum(codings, { error: unknown("coding", codings) }),
    /** Of scheme dither, and of no other. */
    seed: z
      .string()
      .regex(gridSeedPattern, { error: "is not 1 to 64 of A-Z a-z 0-9 _ -, a letter or digit first" })
      .exactOptional(),
    channels: z.array(channelGridSchema).min(1).max(maxChannels),
  })
  .refine(({ scheme, seed }) => (scheme === "dither") === (seed !== undefined), {
    path: ["seed"],
    error: "goes with scheme dither, and with no other",
  })
  .refine(
    ({ scheme, channels }) =>
      scheme !== "dither" || channels.every(({ samples, levels }) => samples === 1 && levels.kind === "uniform"),
    { path: ["channels"], error: "have samples above 1 or unequal levels, which scheme dither does not have" },
  )
  .refine(({ scheme, channels }) => scheme !== "interval" || channels.every(holdsPoints), {
    path: ["channels"],
    error: "have more points than a code of scheme interval tells apart",
  });

/** The schema of a device as birth carries it; the same type as the codec's. */
export type WireSchema = ReadonlyDeep<z.infer<typeof schemaSchema>>;

/** A grid as birth, desired and frames' epochs mean it; the same type as the codec's. */
export type WireGrid = ReadonlyDeep<z.infer<typeof gridSchema>>;

function unknown(what: string, known: readonly string[]) {
  return ({ input }: { readonly input?: unknown }) =>
    `${what} ${typeof input === "string" ? JSON.stringify(input.slice(0, 64)) : typeof input} is not known here; known: ${known.join(", ")}`;
}
