import { type Descent, descend, epochsTo, lastLoss, tunedDescent } from "../descent.ts";
import { type Claim, type Desk, type Experiment, type Outcome, verdictOf } from "../experiment.ts";
import { lossFigure, lossLine, percentAbove, short } from "../plots.ts";
import { syntheticSet } from "../sets/generated.ts";
import { type Subject, subjectOf } from "../sets/subject.ts";

const batches = [16, 256] as const;

/** Width of the samples' codes. */
const bits = 3;

/** A loss this far above the least one counts as converged. */
const bar = 1.05;

interface Pair {
  readonly batch: number;
  readonly full: Descent;
  readonly low: Descent;
}

/** Descents at both sizes of mini-batch; the step is the one given, or tuned at full precision for each. */
async function measure(subject: Subject, step: number | undefined, desk: Desk): Promise<Pair[]> {
  const { seed, say, signal } = desk;
  const pairs: Pair[] = [];
  for (const batch of batches) {
    say(`mini-batch ${batch}, ${step === undefined ? "step tuned for it" : "one step for both"}`);
    const fixed = { subject, epochs: 20, batch, seed, signal };
    const full =
      step === undefined
        ? await tunedDescent(fixed)
        : await descend({ ...fixed, rows: subject.exact(), estimator: "full", step });
    const rows = subject.encoded({ bits, seed });
    pairs.push({ batch, full, low: await descend({ ...fixed, rows, estimator: "double", step: full.step }) });
  }
  return pairs;
}

interface Reached {
  readonly batch: number;
  readonly step: number;
  /** Epochs to the bar. */
  readonly full: number | undefined;
  readonly low: number | undefined;
  /** Final loss of the quantized descent over the least loss. */
  readonly excess: number;
}

function reachedBy(pairs: readonly Pair[], least: number): [small: Reached, large: Reached] {
  const [small, large] = pairs.map(({ batch, full, low }) => ({
    batch,
    step: full.step,
    full: epochsTo(full, bar * least),
    low: epochsTo(low, bar * least),
    excess: lastLoss(low) / least,
  }));
  return [small as Reached, large as Reached];
}

const told = (epochs: number | undefined): string => (epochs === undefined ? "never" : epochs.toFixed(2));

function isSooner(a: number | undefined, b: number | undefined): boolean {
  return (a ?? Number.POSITIVE_INFINITY) < (b ?? Number.POSITIVE_INFINITY);
}

function claimsOf([small, large]: [Reached, Reached], [ownSmall, ownLarge]: [Reached, Reached]): Claim[] {
  const pair = (a: number | undefined, b: number | undefined) => `${told(a)} at 16 and ${told(b)} at 256`;
  return [
    {
      paper: "At full precision mini-batches of 256 need more epochs than mini-batches of 16 (section 4.1)",
      measured: `epochs to within 5 % of the least loss, one step for both: ${pair(small.full, large.full)}; with a step tuned for each: ${pair(ownSmall.full, ownLarge.full)}; bar: more at 256 with one step`,
      verdict: verdictOf(isSooner(small.full, large.full)),
      why: "it is the step that decides: with one step a large mini-batch takes fewer of them; with one tuned for each, larger steps make up for it",
    },
    {
      paper: "Quantized, the larger mini-batch converges faster (section 4.1)",
      measured: `epochs to within 5 % at ${bits} bits, one step for both: ${pair(small.low, large.low)}; with a step tuned for each: ${pair(ownSmall.low, ownLarge.low)}; bar: fewer at 256 with one step`,
      verdict: verdictOf(isSooner(large.low, small.low)),
    },
    {
      paper: "The variance of quantization does not come to dominate with larger mini-batches (section 4.1)",
      measured: `final loss of the quantized descent above the least, one step for both: ${percentAbove(small.excess)} at 16, ${percentAbove(large.excess)} at 256; bar: not more at 256`,
      verdict: verdictOf(large.excess <= small.excess),
    },
  ];
}

async function run(desk: Desk): Promise<Outcome> {
  const subject = subjectOf(syntheticSet(100, desk.seed));
  const own = await measure(subject, undefined, desk);
  const one = await measure(subject, own[0]?.full.step, desk);
  const least = Math.min(...own.map(({ full }) => lastLoss(full)));
  const [shared, tuned] = [reachedBy(one, least), reachedBy(own, least)];
  const figure = (title: string, pairs: readonly Pair[]) =>
    lossFigure(
      `Synthetic 100: ${title}`,
      `samples at ${bits} bits, estimator double; steps ${pairs.map(({ full }) => `${short(full.step)}/epoch`).join(" and ")}`,
      pairs.flatMap(({ batch, full, low }) => [
        lossLine(`float32, BS=${batch}`, full),
        lossLine(`${bits} bits, BS=${batch}`, low),
      ]),
    );
  return {
    claims: claimsOf(shared, tuned),
    figures: [figure("one step, tuned at mini-batch 16", one), figure("a step tuned for each mini-batch", own)],
    tables: [
      {
        kind: "table",
        head: [
          "step",
          "mini-batch",
          "float32, epochs to 5 %",
          `${bits} bits, epochs to 5 %`,
          `${bits} bits, final loss above the least`,
        ],
        rows: [...shared, ...tuned].map(({ step, batch, full, low, excess }) => [
          short(step),
          batch,
          told(full),
          told(low),
          percentAbove(excess),
        ]),
      },
    ],
    notes: [
      "The paper does not name the set, the width or the steps of its Figure 6: synthetic 100 and 3 bits are used.",
    ],
  };
}

/** Figure 6: the impact of mini-batches. */
export const figure6: Experiment = {
  id: "figure6",
  title: "Small and large mini-batches",
  paper: "Figure 6",
  isTimed: false,
  run,
};
