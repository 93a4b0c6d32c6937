import { parseCell } from "@zipml/gateway/data";
import { lossNames, mostDegree } from "@zipml/gateway/train";
import { z } from "zod";
import { defaulted, numberOption, type OptionSpec, type OptionTable, wholeOption, wordOption } from "../options.ts";

type Box = readonly [low: number, high: number];

function readBound(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : parseCell(text);
}

const boxSchema = z.union([
  z.tuple([z.number(), z.number()]),
  z.string().transform((text) => text.split(",").map((part) => readBound(part.trim()))),
]);

const box: OptionSpec<Box> = {
  placeholder: "LO,HI",
  help: "bounds of every standardised weight, with 0 between them; inf and -inf for none",
  expects: "two numbers LO,HI with LO <= 0 <= HI and LO < HI",
  schema: boxSchema.refine(
    ([low = Number.NaN, high = Number.NaN, ...more]) => more.length === 0 && low <= 0 && high >= 0 && low < high,
  ) as unknown as z.ZodType<Box>,
  read: (text) => text,
};

const strength = (what: string): OptionSpec<number> =>
  numberOption(
    "NUMBER",
    `${what} of the standardised weights that is added to the loss`,
    "a number of at least 0",
    z.number().min(0),
  );

/** What is lowered: options of the sections `train` and `gateway`. */
export const lossOptions = {
  loss: defaulted(
    wordOption(
      lossNames as ["squares", "ls-svm", "logistic", "hinge"],
      "what is lowered: squares for a number; the others for a target of two values, of which the larger is class +1",
    ),
    "squares",
  ),
  degree: wholeOption(
    "D",
    `with --loss logistic: unbiased, by a polynomial of this degree on D + 1 draws or one dithered symbol, 1 to ${mostDegree} (default: naive, one draw)`,
    1,
    mostDegree,
  ),
  l1: defaulted(strength("multiple of the sum of sizes"), 0),
  l2: defaulted(strength("multiple of half the sum of squares"), 0),
  box,
  ball: numberOption(
    "NUMBER",
    "largest Euclidean norm of the standardised weights",
    "a number above 0",
    z.number().positive(),
  ),
  average: wholeOption(
    "N",
    "last epochs over which SGD's iterates are averaged; 0 takes the last iterate (default 1)",
    0,
    1_000_000,
  ),
} as const satisfies OptionTable;
