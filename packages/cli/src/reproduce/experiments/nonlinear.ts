import { evaluate, type LossName } from "@zipml/gateway/train";
import { type Descent, descend, lastLoss } from "../descent.ts";
import { type Claim, type Desk, type Experiment, type Outcome, verdictOf } from "../experiment.ts";
import { lossFigure, lossLine, percentAbove, short } from "../plots.ts";
import { generatedSet } from "../sets/generated.ts";
import type { LearningSet } from "../sets/learning-set.ts";
import { subjectOf } from "../sets/subject.ts";

const bits = 8;
/** Of the Chebyshev polynomial; it takes a draw more than its degree. */
const degree = 7;

interface Way {
  readonly name: string;
  readonly loss: LossName;
  readonly kind: "full" | "naive" | "polynomial";
}

const ways: readonly Way[] = [
  { name: "logistic, float32", loss: "logistic", kind: "full" },
  { name: "logistic, naive", loss: "logistic", kind: "naive" },
  { name: "logistic, polynomial", loss: "logistic", kind: "polynomial" },
  { name: "SVM, float32", loss: "hinge", kind: "full" },
  { name: "SVM, naive", loss: "hinge", kind: "naive" },
];

interface Run {
  readonly way: Way;
  readonly descent: Descent;
  readonly accuracy: number;
}

interface Measured {
  readonly set: LearningSet;
  readonly runs: readonly Run[];
}

async function measure(set: LearningSet, { quick, seed, say, signal }: Desk): Promise<Measured> {
  const subject = subjectOf(set);
  const fixed = { subject, epochs: quick ? 8 : 20, batch: 64, seed, signal };
  const runs: Run[] = [];
  const steps = new Map<LossName, number>();
  for (const way of ways) {
    say(`${set.name}: ${way.name}`);
    const { loss, kind } = way;
    const samples = kind === "polynomial" ? degree + 1 : 1;
    const rows = kind === "full" ? subject.exact() : subject.encoded({ bits, samples, seed });
    const descent = await descend({
      ...{ ...fixed, rows, loss, estimator: kind },
      degree: kind === "polynomial" ? degree : undefined,
      step: steps.get(loss) ?? "auto",
      startLoss: loss === "logistic" ? Math.LN2 : 1,
      measure: (model) => evaluate(model, subject.task, set.train.values, set.train.names.length).loss,
    });
    if (kind === "full") steps.set(loss, descent.step);
    runs.push({
      way,
      descent,
      accuracy: descent.model === undefined ? Number.NaN : subject.testAccuracy(descent.model),
    });
  }
  return { set, runs };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function of(runs: readonly Run[], loss: LossName, kind: Way["kind"]): Run | undefined {
  return runs.find(({ way }) => way.loss === loss && way.kind === kind);
}

function claimsOf({ set, runs }: Measured): Claim[] {
  const lost = (loss: LossName, kind: Way["kind"]) =>
    (of(runs, loss, "full")?.accuracy ?? Number.NaN) - (of(runs, loss, kind)?.accuracy ?? Number.NaN);
  const points = (share: number) => `${(100 * share).toFixed(2)} points`;
  const [logistic, svm, polynomial] = [
    lost("logistic", "naive"),
    lost("hinge", "naive"),
    lost("logistic", "polynomial"),
  ];
  return [
    {
      paper: "8 bits are enough for logistic regression and SVM (section 6)",
      measured: `${set.name}: naive 8 bits lose ${points(logistic)} of test accuracy (logistic) and ${points(svm)} (SVM); bar: 0.5 points`,
      verdict: verdictOf(logistic <= 0.005 && svm <= 0.005),
    },
    {
      paper: "Naive rounding at 8 bits converges to similar results, without the added complexity (section 6)",
      measured: `${set.name}: the polynomial of degree ${degree} loses ${points(polynomial)}, naive ${points(logistic)}; bar: naive not worse by 0.5 points`,
      verdict: verdictOf(logistic <= polynomial + 0.005),
    },
  ];
}

async function run(desk: Desk): Promise<Outcome> {
  const { quick, seed } = desk;
  const rows = quick ? 3000 : 10_000;
  const sets: LearningSet[] = [
    generatedSet({ name: "two classes, 20 features", features: 20, rows, testRows: rows, seed, isClasses: true }),
  ];
  for (const name of ["cod-rna", "occupancy"] as const) {
    const set = await desk.data.table(name);
    if (set !== undefined) sets.push(set);
  }
  const measured: Measured[] = [];
  for (const set of sets) measured.push(await measure(set, desk));
  return {
    claims: measured.flatMap(claimsOf),
    figures: measured.map(({ set, runs }) => ({
      ...lossFigure(
        "",
        "",
        runs.map(({ way, descent }) => lossLine(way.name, descent)),
      ),
      title: `${set.name}: logistic regression and SVM at ${bits} bits`,
      subtitle: "mean logistic or hinge loss on the exact training rows",
    })),
    tables: [
      {
        kind: "table",
        head: ["set", "way", "final loss", "above float32", "test accuracy"],
        rows: measured.flatMap(({ set, runs }) =>
          runs.map(({ way, descent, accuracy }) => {
            const full = of(runs, way.loss, "full")?.descent;
            const above = full === undefined ? Number.NaN : lastLoss(descent) / lastLoss(full);
            return [set.name, way.name, short(lastLoss(descent)), percentAbove(above), percent(accuracy)];
          }),
        ),
      },
    ],
    notes: [
      `At 8 bits naive has one draw on 255 intervals, the polynomial of degree ${degree} eight draws on 31. The hinge has a jump that no polynomial of use follows: there refetching is the other way.`,
    ],
  };
}

/** Logistic regression and SVM at 8 bits. */
export const nonlinear: Experiment = {
  id: "nonlinear",
  title: "Logistic regression and SVM at 8 bits",
  paper: "section 6",
  isTimed: false,
  run,
};
