import { codings } from "@zipml/codec";
import { parseCell } from "@zipml/gateway/data";
import { z } from "zod";
import { connectionOptions } from "../connection-options.ts";
import { deadBandOption } from "../dead-band-option.ts";
import {
  defaulted,
  fileOption,
  namesOption,
  numberOption,
  type OptionSpec,
  type OptionTable,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";

/** A range of a channel, by name. */
export type NamedRanges = Readonly<Record<string, readonly [low: number, high: number]>>;

const range = z.tuple([z.number(), z.number()]).refine(([low, high]) => low <= high);

function readRanges(text: string): unknown {
  const entries = text.split(",").map((part) => {
    const [name = "", low = "", high = "", ...rest] = part.split(":").map((piece) => piece.trim());
    return [name, rest.length === 0 ? [parseCell(low), parseCell(high)] : part] as const;
  });
  return Object.fromEntries(entries);
}

const rangesOption: OptionSpec<NamedRanges> = {
  placeholder: "NAME:LOW:HIGH,…",
  help: "physical ranges of channels (default: the smallest and largest value in the file)",
  expects: "NAME:LOW:HIGH, several separated by commas, with LOW at most HIGH",
  schema: z.record(z.string().min(1), range),
  read: readRanges,
};

const rate = numberOption(
  "ROWS",
  "rows pushed in a second; 0 as fast as the agent takes them",
  "a number from 0 to 100000",
  z.number().min(0).max(100_000),
);

/** The options of `zipml device`, as flags and as the section `device` of a configuration file. */
export const deviceOptions = {
  ...connectionOptions,
  id: textOption("ID", "id of the device, unique in its group"),
  group: defaulted(textOption("GROUP", "group that trains one model together"), "demo"),
  data: fileOption("CSV file that is replayed as a sensor"),
  columns: namesOption("A,B", "columns to send as features (default: every other column that holds numbers)"),
  target: textOption("COLUMN", "column to send as the target"),
  ranges: rangesOption,
  rate: defaulted(rate, 10),
  interval: defaulted(wholeOption("MS", "milliseconds between rows, as the frames say", 0, 86_400_000), 1000),
  bits: defaulted(wholeOption("BITS", "width of a feature's code, 1 to 16", 1, 16), 4),
  "target-bits": defaulted(wholeOption("BITS", "width of the target's code, 1 to 16", 1, 16), 8),
  scheme: defaulted(
    wordOption(
      ["count", "dither", "interval"],
      "how values are encoded: draws counted, one dithered symbol, or draws with their interval",
    ),
    "count",
  ),
  coding: defaulted(
    wordOption(codings, "packed at fixed width; or the smallest of each frame up to rice, up to arithmetic; or exact"),
    "packed",
  ),
  samples: wholeOption(
    "K",
    "independent draws a feature's code carries, 1 to 15 (default 2 with --scheme count, else 1; dither takes no other)",
    1,
    15,
  ),
  "dead-band": deadBandOption,
  "rows-per-frame": defaulted(wholeOption("N", "rows after which a frame is sealed", 1, 4096), 256),
  seconds: defaulted(wholeOption("S", "longest time that a row waits for its frame", 1, 86_400), 10),
  spool: textOption("DIR", "folder that keeps rows until the gateway has them, over restarts (default: memory)"),
  capacity: wholeOption("BYTES", "most bytes kept (default 16 MiB in memory, 64 MiB in a spool)", 65_536, 2 ** 40),
  policy: defaulted(
    wordOption(["refuse", "drop-oldest", "drop-newest", "thin"], "what gives way when that is full"),
    "refuse",
  ),
  "keep-exact": defaulted(
    wholeOption(
      "BYTES",
      "policy thin: memory for exact rows of sealed frames, so that these can be thinned too",
      0,
      2 ** 40,
    ),
    0,
  ),
  "refetch-bytes": defaulted(
    wholeOption(
      "BYTES",
      "memory for exact rows, sent or not, that a gateway may ask for (--estimator refetch)",
      0,
      2 ** 40,
    ),
    0,
  ),
  linger: defaulted(
    wholeOption("S", "stay connected so long after the last row, to answer such a gateway", 0, 86_400),
    0,
  ),
  order: defaulted(wordOption(["oldest-first", "live-first"], "frames that go first"), "oldest-first"),
  "levels-every": defaulted(
    wholeOption(
      "S",
      "seconds from one feature's counts of readings to the next, for a gateway that follows; 0 never",
      0,
      86_400,
    ),
    600,
  ),
  seed: textOption(
    "SEED",
    "names the streams of the draws and of the session number: for runs that must repeat, each before a gateway of its own",
  ),
  timeout: defaulted(wholeOption("S", "longest wait for the last receipts", 0, 86_400), 60),
} as const satisfies OptionTable;
