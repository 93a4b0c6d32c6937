import { z } from "zod";
import {
  defaulted,
  fileOption,
  namesOption,
  numberOption,
  type OptionTable,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";

const excess = numberOption(
  "SHARE",
  "by how much the expected loss may exceed that of exact rows: 0.001 is 0.1 %",
  "a number above 0 and at most 1",
  z.number().gt(0).max(1),
);

/** The options of `zipml plan`. */
export const planOptions = {
  data: fileOption("CSV file with a header line, gzipped or not: a sample of what will come"),
  target: textOption("COLUMN", "column to predict"),
  features: namesOption("A,B", "columns to predict from (default: every other column that holds numbers)"),
  excess: defaulted(excess, 0.001),
  rows: wholeOption("K", "rows that the model will be learned from (default: the file's)", 2, Number.MAX_SAFE_INTEGER),
  scheme: wordOption(
    ["count", "dither"],
    "how values are encoded: draws counted, or one dithered symbol (default: whichever takes fewer bytes)",
  ),
  coding: wordOption(
    ["packed", "rice", "arithmetic"],
    "most work that a device may do for a frame (default: whichever takes fewest bytes)",
  ),
  samples: defaulted(
    wholeOption("K", "with --scheme count: independent draws a feature's code carries, 2 to 15", 2, 15),
    2,
  ),
  "rows-per-frame": defaulted(wholeOption("N", "rows of a frame, 1 to 4096", 1, 4096), 256),
  seed: defaulted(textOption("SEED", "with --scheme dither: the grid's seed"), "1"),
  out: fileOption("write schema and grid here, as JSON, for zipml encode and zipml train --grid"),
} as const satisfies OptionTable;
