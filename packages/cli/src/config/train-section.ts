import { maxLags } from "@zipml/codec";
import { parseCell } from "@zipml/gateway/data";
import { z } from "zod";
import { switchOption } from "../connection-options.ts";
import {
  defaulted,
  fileOption,
  namesOption,
  type OptionSpec,
  type OptionTable,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";
import { fpgaOptions } from "./fpga-options.ts";
import { lossOptions } from "./loss-options.ts";
import { scheduleOption, stepOption } from "./step-options.ts";

/** What the trainer takes. */
const most = 1_000_000;

const holdout: OptionSpec<number> = {
  placeholder: "SHARE",
  help: "rows kept back for the test: a share, or a number of rows above 1; 0 tests on the training rows",
  expects: "a share from 0 to below 1 or a whole number of rows above 1",
  schema: z.union([z.number().min(0).lt(1), z.int().min(2)]),
  read: parseCell,
};

const seed: OptionSpec<string> = {
  placeholder: "SEED",
  help: "names the streams of random numbers: the same seed gives the same result",
  expects: "a number or some text",
  schema: z.union([z.string().min(1), z.number().transform(String)]) as z.ZodType<string>,
  read: (text) => text,
};

/** The options of `zipml train`, as flags and as the section `train` of a configuration file. */
export const trainOptions = {
  data: fileOption("CSV file with a header line, gzipped or not"),
  target: textOption("COLUMN", "column to predict"),
  features: namesOption("A,B", "columns to predict from (default: every other column that holds numbers)"),
  lags: defaulted(
    wholeOption(
      "L",
      "readings of the rows before that each feature gets as further features, 0 to 128; with them the target may be a feature too",
      0,
      maxLags,
    ),
    0,
  ),
  test: fileOption("CSV file to test on, in place of a holdout"),
  holdout: defaulted(holdout, 0.25),
  split: defaulted(
    wordOption(["hash", "time"], "which rows are kept back: scattered, or the last in file order"),
    "hash",
  ),
  group: textOption(
    "COLUMN",
    "groups of rows, such as a device's: with --split time the last of each test, with --lags none reaches into another",
  ),
  scheme: defaulted(
    wordOption(
      ["count", "dither", "interval", "none"],
      "how values are encoded: draws counted, one dithered symbol, draws with their interval (for refetching), or raw float32 rows",
    ),
    "count",
  ),
  bits: defaulted(
    wholeOption("BITS", "width of a feature's code, 1 to 16; with --loss logistic or hinge by default 8", 1, 16),
    4,
  ),
  "target-bits": defaulted(wholeOption("BITS", "width of the target's code, 1 to 16; 0 keeps float32", 0, 16), 8),
  samples: defaulted(
    wholeOption("K", "independent draws a feature's code carries, 1 to 15; 2 is double sampling", 1, 15),
    2,
  ),
  levels: defaulted(
    wordOption(
      ["uniform", "optimal"],
      "how a column's levels lie: at equal intervals, or where the training rows make the draws' variance least",
    ),
    "uniform",
  ),
  grid: fileOption("grid to encode with, as zipml plan writes it, in place of scheme, widths, draws and levels"),
  estimator: wordOption(
    ["symmetric", "double", "naive", "polynomial", "refetch", "full"],
    "how a gradient is formed (default symmetric, naive with --loss logistic or hinge, refetch with hinge and --scheme interval; full with --scheme none)",
  ),
  "model-bits": defaulted(
    wholeOption("BITS", "width at which gradients read the model; 0 does not quantize it", 0, 16),
    0,
  ),
  "gradient-bits": defaulted(wholeOption("BITS", "width of the gradient; 0 does not quantize it", 0, 16), 0),
  variance: switchOption(
    "tell what each rounding adds to the variance of a mini-batch gradient (default: with --model-bits or --gradient-bits)",
  ),
  solver: defaulted(wordOption(["sgd", "closed-form"], "how the model is found"), "sgd"),
  engine: wordOption(
    ["packed", "float32", "hogwild", "reference", "fpga"],
    "what runs an epoch (default packed on codes, where it can, and reference elsewhere; float32 and hogwild run raw rows, fpga is an emulated card)",
  ),
  threads: wholeOption("N", "threads of packed (default: as many as pay) or hogwild (default: all), 1 to 64", 1, 64),
  ...fpgaOptions,
  epochs: defaulted(wholeOption("N", "passes over the training rows", 1, most), 30),
  batch: defaulted(wholeOption("N", "rows of a mini-batch", 1, most), 64),
  step: stepOption,
  schedule: scheduleOption,
  ...lossOptions,
  start: fileOption("saved model to go on from, of the same columns and loss; epochs are counted on from its own"),
  seed: defaulted(seed, "1"),
  save: fileOption("write the model here, as JSON"),
} as const satisfies OptionTable;
