import { z } from "zod";
import { CliError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import {
  defaulted,
  namesOption,
  type OptionSpec,
  type OptionTable,
  type OptionValues,
  textOption,
  wholeOption,
} from "../options.ts";
import type { Experiment } from "./experiment.ts";
import { experiments } from "./experiments.ts";

/** The options of `zipml reproduce`. */
export const reproduceOptions = {
  quick: {
    placeholder: undefined,
    help: "fewer rows and epochs: all in less than two minutes",
    expects: "true or false",
    schema: z.boolean(),
    read: (text: string) => text,
  } as OptionSpec<boolean>,
  "data-folder": { ...textOption("DIR", "folder with the data sets that are not generated"), isPath: true },
  only: namesOption("NAMES", `experiments, separated by commas: ${experiments.map(({ id }) => id).join(", ")}`),
  seed: defaulted(wholeOption("N", "keys all random streams: the same seed gives the same figures", 0, 2 ** 31 - 1), 1),
  out: {
    ...textOption("DIR", "writes reproduce.html and reproduce.json into this folder, made if need be"),
    isPath: true,
  },
} as const satisfies OptionTable;

/**
 * The experiments that were asked for, in the order of the page.
 *
 * @throws {@link CliError} `option` for a name that is none.
 */
export function chosenExperiments({ only }: OptionValues<typeof reproduceOptions>): readonly Experiment[] {
  if (only === undefined) return experiments;
  const known = experiments.map(({ id }) => id);
  for (const name of only)
    if (!known.includes(name))
      throw new CliError("option", `--only: there is no experiment ${JSON.stringify(name)}${suggestion(name, known)}`);
  return experiments.filter(({ id }) => only.includes(id));
}
