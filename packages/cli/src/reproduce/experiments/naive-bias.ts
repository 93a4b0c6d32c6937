import { encodeRows, rawRows, taskOf } from "@zipml/gateway/data";
import { type EstimatorName, type LinearModel, train } from "@zipml/gateway/train";
import { type Descent, descend, lastLoss, tunedDescent } from "../descent.ts";
import { type Claim, type Desk, type Experiment, type Outcome, verdictOf } from "../experiment.ts";
import { lossFigure, lossLine, percentAbove, short } from "../plots.ts";
import { syntheticSet } from "../sets/generated.ts";
import type { LearningSet } from "../sets/learning-set.ts";
import { flatten, type Subject, subjectOf } from "../sets/subject.ts";

/** Widths at which lengths are compared. */
const widths = [2, 3, 4, 6, 8] as const;

async function solved(set: LearningSet, estimator: EstimatorName, bits: number, seed: number): Promise<LinearModel> {
  const samples = estimator === "naive" ? 1 : 2;
  const rows =
    estimator === "full" ? rawRows(set.train) : encodeRows(set.train, { bits, samples, seed, targetBits: 0 });
  return (await train({ source: rows.source, task: taskOf(set.train.names), estimator, solver: "closed-form" })).model;
}

/** A model's length along another, over the other's: noise, which makes a model longer, is left out of it. */
function lengthAlong(model: LinearModel, exact: LinearModel): number {
  const [weights, along] = [flatten(model).weights, flatten(exact).weights];
  const dot = along.reduce((sum, weight, i) => sum + weight * (weights[i] as number), 0);
  return dot / along.reduce((sum, weight) => sum + weight * weight, 0);
}

/**
 * The length that the naive point has in expectation along the exact one: features uniform on [−1, 1] have
 * variance 1/3, and on steps δ rounding adds δ²/6 to it, so that the ridge (AᵀA + ΣD)⁻¹Aᵀb shrinks all weights alike.
 */
export function predictedShrinkage(bits: number): number {
  const step = 2 / (2 ** bits - 1);
  return 1 / 3 / (1 / 3 + step ** 2 / 6);
}

interface Length {
  readonly bits: number;
  readonly predicted: number;
  readonly naive: number;
  readonly symmetric: number;
}

async function lengths(set: LearningSet, seed: number): Promise<Length[]> {
  const exact = await solved(set, "full", 32, seed);
  const found: Length[] = [];
  for (const bits of widths) {
    const naive = lengthAlong(await solved(set, "naive", bits, seed), exact);
    const symmetric = lengthAlong(await solved(set, "symmetric", bits, seed), exact);
    found.push({ bits, predicted: predictedShrinkage(bits), naive, symmetric });
  }
  return found;
}

interface Curves {
  readonly subject: Subject;
  /** Intervals of the levels, the same for both. */
  readonly intervals: number;
  readonly full: Descent;
  readonly naive: Descent;
  readonly double: Descent;
}

/** On the same levels a second draw costs one more bit: naive has `bits`, double one more. */
async function curves(subject: Subject, bits: number, { quick, seed, signal, say }: Desk): Promise<Curves> {
  const fixed = { subject, epochs: quick ? 8 : 20, batch: 64, seed, signal };
  say(`${subject.name}: descents on ${2 ** bits - 1} intervals`);
  const full = await tunedDescent(fixed);
  const one = subject.encoded({ bits, samples: 1, seed });
  const two = subject.encoded({ bits: bits + 1, samples: 2, seed });
  const naive = await descend({ ...fixed, rows: one, estimator: "naive", step: full.step });
  const double = await descend({ ...fixed, rows: two, estimator: "double", step: full.step });
  return { subject, intervals: 2 ** bits - 1, full, naive, double };
}

function lengthClaims(found: readonly Length[]): Claim[] {
  const off = Math.max(...found.map(({ naive, predicted }) => Math.abs(naive / predicted - 1)));
  const straight = Math.max(...found.map(({ symmetric }) => Math.abs(symmetric - 1)));
  const told = (pick: (one: Length) => number) => found.map((one) => `${short(pick(one))} at ${one.bits}`).join(", ");
  return [
    {
      paper: "Naive rounding adds D_a·x to the gradient: it converges to another solution (section 2.2)",
      measured: `length of the solution along the exact one: ${told(({ naive }) => naive)} bits; the ridge that the bias makes predicts ${told(({ predicted }) => predicted)}; bar: within 2 % of it`,
      verdict: verdictOf(off <= 0.02),
    },
    {
      paper: "Double sampling gives an unbiased gradient (equation 6)",
      measured: `length along the exact one: ${told(({ symmetric }) => symmetric)} bits; bar: within 5 %`,
      verdict: verdictOf(straight <= 0.05),
    },
  ];
}

function curveClaim({ subject, intervals, full, naive, double }: Curves): Claim {
  const [biased, unbiased] = [lastLoss(naive) / lastLoss(full), lastLoss(double) / lastLoss(full)];
  return {
    paper:
      "Naive quantization introduces bias, double sampling none: only the latter reaches the full-precision solution",
    measured: `${subject.name}, ${intervals} intervals: final loss above full precision's: naive ${percentAbove(biased)}, double ${percentAbove(unbiased)}; bar: double nearer`,
    verdict: verdictOf(unbiased < biased),
  };
}

async function run(desk: Desk): Promise<Outcome> {
  const { seed, say } = desk;
  const set = syntheticSet(64, seed, 20_000);
  say("synthetic 64: closed forms");
  const found = await lengths(set, seed);
  const all = [await curves(subjectOf(set), 2, desk)];
  for (const name of ["cod-rna", "cadata"] as const) {
    const other = await desk.data.table(name);
    if (other !== undefined) all.push(await curves(subjectOf(other), 3, desk));
  }
  const line = (name: string, pick: (one: Length) => number) =>
    ({ kind: "line", name, x: found.map(({ bits }) => bits), y: found.map(pick) }) as const;
  return {
    claims: [...lengthClaims(found), ...all.map(curveClaim)],
    figures: [
      {
        title: "Length of the solution along the exact one",
        subtitle: "closed form over the codes, 64 features",
        x: { label: "bits a value" },
        y: { label: "x·x* / ‖x*‖²" },
        series: [
          line("naive", ({ naive }) => naive),
          line("predicted ridge", ({ predicted }) => predicted),
          line("symmetric", ({ symmetric }) => symmetric),
        ],
        annotations: [{ kind: "rule", axis: "y", at: 1 }],
      },
      ...all.map(({ subject, intervals, full, naive, double }) =>
        lossFigure(
          `${subject.name}: the bias of naive rounding`,
          `${intervals} intervals, step ${short(full.step)}/epoch`,
          [lossLine("float32", full), lossLine("naive", naive), lossLine("double", double)],
        ),
      ),
    ],
    tables: [
      {
        kind: "table",
        head: ["bits", "naive", "predicted", "symmetric"],
        rows: found.map(({ bits, naive, predicted, symmetric }) => [
          bits,
          short(naive),
          short(predicted),
          short(symmetric),
        ]),
        caption: "Length of the solution along the exact one",
      },
    ],
    notes: [
      "In the descents naive and double have the same levels: the second draw costs one more bit. In the closed forms both have the same bits: naive all 2^b − 1 intervals, symmetric half of them.",
    ],
  };
}

/** The bias of naive rounding, section 2.2 and the figure beside it. */
export const naiveBias: Experiment = {
  id: "naive-bias",
  title: "The bias of naive rounding",
  paper: "section 2.2",
  isTimed: false,
  run,
};
