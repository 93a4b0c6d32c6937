import { z } from "zod";
import { amount, positive, text } from "./fields.ts";

const magnitude = 1e12;
const value = (about: string) => amount(about, -magnitude, magnitude);
const size = (about: string) => amount(about, 0, magnitude);

const walk = z
  .strictObject({
    kind: z.literal("walk"),
    start: value("Reading of the first row, in the channel's unit; by default the middle of its range.").optional(),
    step: size("Standard deviation of the change from row to row."),
  })
  .meta({ description: "A random walk that turns round at the ends of the channel's range." });

const diurnal = z
  .strictObject({
    kind: z.literal("diurnal"),
    mean: value("Mean over a day."),
    amplitude: size("Half of the way from the lowest to the highest of a day."),
    peakHour: amount("Hour of the highest, 0 to 24.", 0, 24).default(15),
    noise: size("Standard deviation of what is added to each reading.").default(0),
    spread: size("Standard deviation between the devices' means.").default(0),
  })
  .meta({ description: "A sine of one day, with noise." });

const burst = z
  .strictObject({
    kind: z.literal("burst"),
    base: value("Reading while nothing happens."),
    height: value("What an event adds."),
    perHour: positive("Mean number of events an hour, as a Poisson process.", 1e6),
    seconds: positive("Mean duration of an event, in seconds; durations are exponential.", 1e7),
    noise: size("Standard deviation of what is added to each reading.").default(0),
  })
  .meta({ description: "Events that come and go." });

const field = z
  .strictObject({
    kind: z.literal("field"),
    mean: value("Mean of the field."),
    deviation: size("Standard deviation of the field at any place and time."),
    metres: positive("Distance at which the correlation has fallen to 1/e.", 1e7),
    seconds: positive("Time at which the correlation has fallen to 1/e.", 1e8),
    noise: size("Standard deviation of what is added to each reading.").default(0),
  })
  .meta({ description: "A random field in place and time: devices that are near read alike." });

const linear = z
  .strictObject({
    kind: z.literal("linear"),
    weights: z
      .record(z.string(), value("Weight of a channel."))
      .meta({ description: "Weights of other channels, by name, per their units." }),
    offset: value("What is added.").default(0),
    noise: size("Standard deviation of what is added to each reading.").default(0),
  })
  .meta({ description: "A weighted sum of other channels and noise: a target whose truth is known." });

/** How the readings of one channel come about. */
export const signalSchema = z.discriminatedUnion("kind", [walk, diurnal, burst, field, linear]);

/** How the readings of one channel come about, defaults in place. */
export type Signal = z.output<typeof signalSchema>;

const generated = z
  .strictObject({
    kind: z.literal("generated"),
    channels: z
      .record(z.string(), signalSchema)
      .meta({ description: "One signal for each channel of the schema, by name." }),
  })
  .meta({ description: "Readings drawn from the scenario's seed." });

const replay = z
  .strictObject({
    kind: z.literal("csv"),
    file: text("CSV file with a header line, gzipped or not; from a scenario file its path counts from there.", 4096),
    columns: z
      .record(z.string(), text("Column of the file."))
      .meta({ description: "Columns of channels whose name is another one, by channel." })
      .default({}),
    spread: z
      .literal(["offset", "block", "repeat"], "must be one of offset, block, repeat")
      .meta({
        description:
          "How the file's rows are shared out: offset, each device begins further down and goes round; block, each has a part of its own and goes round in it; repeat, all begin at the first.",
      })
      .default("offset"),
  })
  .meta({ description: "Readings of a file, row by row." });

/** Where readings come from. */
export const sourceSchema = z.discriminatedUnion("kind", [generated, replay]);

/** Where readings come from, defaults in place. */
export type SensorSource = z.output<typeof sourceSchema>;
