import { intervalCount } from "@zipml/codec";
import { maxLevels } from "@zipml/codec/levels";
import { parseCell } from "@zipml/gateway/data";
import { z } from "zod";
import { CliError } from "../errors.ts";
import {
  defaulted,
  fileOption,
  type OptionSpec,
  type OptionTable,
  type ResolvedOptions,
  required,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";

const range: OptionSpec<readonly [number, number]> = {
  placeholder: "LO,HI",
  help: "end levels: the channel's physical range (default: the smallest and the largest reading)",
  expects: "two numbers LO,HI with LO < HI, both within ±1e100",
  schema: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => Math.abs(low) <= 1e100 && Math.abs(high) <= 1e100 && high - low >= 1e-100)
    .readonly(),
  read: (text) => text.split(",").map((end) => parseCell(end.trim())),
};

/** The options of `zipml levels`. */
export const levelsOptions = {
  data: fileOption("CSV file with a header line, gzipped or not"),
  column: textOption("NAME", "column whose levels are wanted"),
  all: {
    placeholder: undefined,
    help: "levels of every column that holds numbers",
    expects: "true or false",
    schema: z.boolean(),
    read: (text: string) => text,
  } as OptionSpec<boolean>,
  count: wholeOption("N", "levels, both ends included", 2, maxLevels),
  bits: wholeOption("BITS", "in place of --count: as many levels as codes of this width hold (default 4)", 1, 16),
  samples: wholeOption("K", "with --bits: independent draws a code carries (default 2)", 1, 15),
  method: defaulted(
    wordOption(
      ["exact", "histogram", "adaquant", "uniform"],
      "how they are found: the optimum; on 4,096 counts or more; as in the paper; equal intervals",
    ),
    "exact",
  ),
  range,
  plot: fileOption("draw the column's density with the levels on it, as SVG"),
} as const satisfies OptionTable;

/** What is wanted, with the options checked against each other. */
export interface LevelsPlan {
  readonly data: string;
  /** None for all columns. */
  readonly column: string | undefined;
  readonly count: number;
  readonly method: "exact" | "histogram" | "adaquant" | "uniform";
  readonly range: readonly [number, number] | undefined;
  readonly plot: string | undefined;
}

/** s + 1 levels of codes of b bits with k draws, s = ⌊(2^b − 1)/k⌋. */
function countOf(count: number | undefined, bits: number | undefined, samples: number | undefined): number {
  if (count === undefined) return intervalCount(bits ?? 4, samples ?? 2) + 1;
  if (bits !== undefined || samples !== undefined)
    throw new CliError("option", "--count says how many levels: it excludes --bits and --samples");
  return count;
}

/**
 * Checks options against each other before the file is read.
 *
 * @param options The values of `zipml levels`.
 * @throws {@link CliError} `option` for options that are missing or do not go together.
 * @throws GridError where bits hold no interval for the samples.
 */
export function planLevels({ values }: ResolvedOptions<typeof levelsOptions>): LevelsPlan {
  const { column, all, count, bits, samples, method, plot } = values;
  const data = required("data", values.data);
  if ((column === undefined) === (all !== true))
    throw new CliError("option", "one of --column NAME and --all is needed; see --help");
  for (const [name, value] of Object.entries({ range: values.range, plot }))
    if (all && value !== undefined)
      throw new CliError("option", `--${name} goes with --column: it is for one column, not for --all`);
  return { data, column, count: countOf(count, bits, samples), method, range: values.range, plot };
}
