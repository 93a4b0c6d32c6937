import { maxChannels, rangeFault } from "@zipml/codec";
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

/** One versioned set of levels, scheme and coding. A scheme, coding or kind of levels not known here is refused. */
export const gridSchema = z.object({
  /** 0 to 65,535; every frame names the epoch that it was coded with. */
  epoch: z.int().min(0).max(0xffff),
  scheme: z.enum(["count"], { error: unknown("scheme", ["count"]) }),
  coding: z.enum(["packed"], { error: unknown("coding", ["packed"]) }),
  channels: z
    .array(
      z
        .object({
          bits: z.int().min(1).max(16),
          samples: z.int().min(1).max(15),
          levels: z.discriminatedUnion(
            "kind",
            [
              z
                .object({ kind: z.literal("uniform"), low: finite, high: finite })
                .refine(({ low, high }) => sound(low, high), span),
            ],
            { error: "are of a kind that is not known here; known: uniform" },
          ),
        })
        .refine(({ bits, samples }) => samples <= 2 ** bits - 1, { error: "has more samples than 2^bits - 1" }),
    )
    .min(1)
    .max(maxChannels),
});

/** The schema of a device as birth carries it; the same type as the codec's. */
export type WireSchema = ReadonlyDeep<z.infer<typeof schemaSchema>>;

/** A grid as birth, desired and frames' epochs mean it; the same type as the codec's. */
export type WireGrid = ReadonlyDeep<z.infer<typeof gridSchema>>;

function unknown(what: string, known: readonly string[]) {
  return ({ input }: { readonly input?: unknown }) =>
    `${what} ${typeof input === "string" ? JSON.stringify(input.slice(0, 64)) : typeof input} is not known here; known: ${known.join(", ")}`;
}
