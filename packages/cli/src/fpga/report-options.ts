import { z } from "zod";
import { fpgaOptions } from "../config/fpga-options.ts";
import { switchOption } from "../connection-options.ts";
import { CliError } from "../errors.ts";
import {
  defaulted,
  fileOption,
  type OptionSpec,
  type OptionTable,
  type OptionValues,
  wholeOption,
} from "../options.ts";

/** Rows of a data set, and features of a row. */
export interface DataShape {
  readonly rows: number;
  readonly features: number;
}

/** Least and most of each, and of values: beyond them an epoch is too long to be counted line by line. */
const limits = { rows: [16, 1e8], features: [1, 65_536], values: 2e9 } as const;

function shapeOf(text: string): DataShape | undefined {
  const [, rows = "", features = ""] = /^(\d{1,9})x(\d{1,5})$/.exec(text.trim()) ?? [];
  const shape = { rows: Number(rows), features: Number(features) };
  const isWithin = (name: "rows" | "features") => shape[name] >= limits[name][0] && shape[name] <= limits[name][1];
  return isWithin("rows") && isWithin("features") && shape.rows * shape.features <= limits.values ? shape : undefined;
}

const shapes: OptionSpec<readonly DataShape[]> = {
  placeholder: "ROWSxFEATURES,...",
  help: "shapes of data, with commas between them (default 10000x10,10000x100,10000x1000,20640x8; 10000x100 with --quick)",
  expects: "shapes such as 10000x100, of 16 to 1e8 rows, 1 to 65536 features and at most 2e9 values",
  schema: z
    .array(z.custom<DataShape>((shape) => shape !== undefined))
    .min(1)
    .max(16),
  read: (text) => text.split(",").map(shapeOf),
};

/** The options of `zipml fpga report`. */
export const reportOptions = {
  data: fileOption("CSV file whose shape is taken: its rows, and its columns of numbers but one, the target's"),
  shapes,
  platform: defaulted(
    {
      ...fpgaOptions.platform,
      help: "card that is modelled: harp-v1, zynq-pynq, arria10-harp-v2 or a YAML file with its figures",
    },
    "harp-v1",
  ),
  batch: defaulted(
    wholeOption("N", "rows of a mini-batch, a power of two from 8 on: the card waits once for each", 8, 65_536),
    64,
  ),
  seed: defaulted(wholeOption("N", "keys all random streams: the same seed gives the same data", 0, 2 ** 31 - 1), 1),
  quick: switchOption("one shape and fewer epochs: a few seconds"),
  plot: fileOption("draw loss against time for the largest shape, modelled and measured apart, as SVG"),
  html: fileOption("write a page with all tables and plots"),
} as const satisfies OptionTable;

const usual: readonly DataShape[] = [
  { rows: 10_000, features: 10 },
  { rows: 10_000, features: 100 },
  { rows: 10_000, features: 1000 },
  { rows: 20_640, features: 8 },
];

const quickShapes: readonly DataShape[] = [{ rows: 10_000, features: 100 }];

/**
 * Checks the options against each other.
 *
 * @returns The shapes that are asked for; undefined where a file has them.
 * @throws {@link CliError} `option`.
 */
export function shapesAsked(values: OptionValues<typeof reportOptions>): readonly DataShape[] | undefined {
  const { data, batch, quick = false } = values;
  if (data !== undefined && values.shapes !== undefined)
    throw new CliError("option", "--data and --shapes exclude each other: a shape comes from one of them");
  if ((batch & (batch - 1)) !== 0)
    throw new CliError("option", `--batch must be a power of two on a card, as its mean is a shift, not ${batch}`);
  if (data !== undefined) return undefined;
  return values.shapes ?? (quick ? quickShapes : usual);
}
