import { referenceEngine } from "@zipml/gateway/train";
import type { LineSeries } from "@zipml/report";
import { type Descent, descend, lastLoss, tunedDescent } from "../descent.ts";
import { type Claim, type Desk, type Experiment, type Outcome, verdictOf } from "../experiment.ts";
import { lossFigure, lossLine, percentAbove, short } from "../plots.ts";
import { syntheticSet } from "../sets/generated.ts";
import { gisetteLike } from "../sets/gisette-like.ts";
import { type Subject, subjectOf } from "../sets/subject.ts";

/** Widths that are tried, for samples, model and gradient alike. */
const widths = [3, 4, 5, 6, 8] as const;

/** Final losses this close are the same solution. */
const bar = 1.02;

interface Panel {
  readonly subject: Subject;
  readonly epochs: number;
  readonly batch: number;
  /** `double` is the paper's; `symmetric` is its expectation over the coins, and quicker. */
  readonly estimator: "double" | "symmetric";
}

interface Measured {
  readonly panel: Panel;
  readonly full: Descent;
  readonly low: readonly { readonly bits: number; readonly descent: Descent }[];
}

async function measure(panel: Panel, { seed, say, signal }: Desk): Promise<Measured> {
  const { subject, epochs, batch, estimator } = panel;
  const fixed = { subject, epochs, batch, seed, signal };
  say(`${subject.name}: full precision`);
  const full = await tunedDescent(fixed);
  const low: { bits: number; descent: Descent }[] = [];
  for (const bits of widths) {
    say(`${subject.name}: ${bits} bits`);
    const rows = subject.encoded({ bits, seed });
    const widths = { modelBits: bits, gradientBits: bits };
    const engine = referenceEngine(); // rounds the standardised model, as the paper does, not that in units of codes
    low.push({ bits, descent: await descend({ ...fixed, ...widths, rows, estimator, engine, step: full.step }) });
  }
  return { panel, full, low };
}

function claimOf({ panel, full, low }: Measured, paper: string): Claim {
  const goal = lastLoss(full);
  const enough = low.find(({ descent }) => lastLoss(descent) <= goal * bar);
  const at = (bits: number) => {
    const found = low.find((one) => one.bits === bits);
    return found === undefined ? "none" : percentAbove(lastLoss(found.descent) / goal);
  };
  const saved = enough === undefined ? "" : `, ${short(32 / enough.bits)} times fewer bits a value than float32`;
  return {
    paper,
    measured: `${panel.subject.name}: ${enough?.bits ?? "more than 8"} bits are the fewest${saved}; final loss above full precision's at 5 bits ${at(5)}, at 6 ${at(6)}, at 8 ${at(8)}; bar: 2 % with 5 or 6 bits`,
    verdict: verdictOf(enough !== undefined && enough.bits <= 6),
  };
}

function figureOf({ panel, full, low }: Measured) {
  const series: LineSeries[] = [
    lossLine("float32", full),
    ...low.map(({ bits, descent }) => lossLine(`${bits} bits`, descent)),
  ];
  const { subject, batch, estimator } = panel;
  return lossFigure(
    `${subject.name}: end-to-end low precision`,
    `samples, model and gradient at b bits each; estimator ${estimator}, mini-batch ${batch}, step ${short(full.step)}/epoch`,
    series,
  );
}

async function run(desk: Desk): Promise<Outcome> {
  const { quick, seed } = desk;
  const epochs = quick ? 10 : 20;
  const regression = subjectOf(syntheticSet(100, seed, quick ? 5000 : 10_000));
  const gisette = await gisetteLike(desk);
  const panels: readonly Panel[] = [
    { subject: regression, epochs, batch: 16, estimator: "double" },
    { subject: gisette.subject, epochs, batch: 64, estimator: "symmetric" },
  ];
  const measured: Measured[] = [];
  for (const panel of panels) measured.push(await measure(panel, desk));
  const [a, b] = measured as [Measured, Measured];
  const said = "With samples, model and gradient in low precision 5 or 6 bits always converge to the same solution";
  return {
    claims: [
      claimOf(a, `(a) ${said}: linear regression (section 4.1)`),
      claimOf(b, `(b) ${said}: least-squares SVM on gisette (section 4.1)`),
    ],
    figures: measured.map(figureOf),
    tables: [
      {
        kind: "table",
        head: ["set", "bits", "final loss", "above float32", "test accuracy"],
        rows: measured.flatMap(({ panel: { subject }, full, low }) =>
          [{ bits: 32, descent: full }, ...low].map(({ bits, descent }) => [
            subject.name,
            bits,
            short(lastLoss(descent)),
            percentAbove(lastLoss(descent) / lastLoss(full)),
            subject === gisette.subject && descent.model !== undefined
              ? `${(100 * subject.testAccuracy(descent.model)).toFixed(1)} %`
              : "",
          ]),
        ),
        caption: "Training loss after the last epoch",
      },
    ],
    notes: [
      "b bits are the width of a code, both draws included: 2 draws on ⌊(2^b − 1)/2⌋ intervals. The paper does not say whether its b counts the second sample.",
      "The model is rounded in standardised units. Engine packed rounds it in units of codes: where features hardly vary within their range, as here, one of them sets the scale for all, and 8 bits of model are too few there.",
      ...gisette.notes,
    ],
  };
}

/** Figure 4: end-to-end convergence. */
export const figure4: Experiment = {
  id: "figure4",
  title: "End-to-end low precision against full precision",
  paper: "Figure 4",
  isTimed: false,
  run,
};
