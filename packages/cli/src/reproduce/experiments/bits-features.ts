import { type Descent, descend, lastLoss, tunedDescent } from "../descent.ts";
import { type Desk, type Experiment, type Outcome, verdictOf } from "../experiment.ts";
import { percentAbove, short } from "../plots.ts";
import { syntheticSet } from "../sets/generated.ts";
import { subjectOf } from "../sets/subject.ts";

const widths = [2, 3, 4, 5, 6, 7, 8] as const;

/** Final losses this close are the same solution. */
const bar = 1.05;

interface Measured {
  readonly features: number;
  /** Excess of the final loss over full precision's, by width; infinite where the descent diverged. */
  readonly excess: readonly number[];
  /** Fewest bits within the bar, between widths by straight line of the logarithm of the excess; undefined for more than 8. */
  readonly bits: number | undefined;
}

/** Where the excess falls below the bar; whole where it can't be told. */
function crossing(excess: readonly number[]): number | undefined {
  const goal = bar - 1;
  const at = excess.findIndex((value) => value <= goal);
  if (at < 0) return undefined;
  const [here, before] = [excess[at] as number, excess[at - 1]];
  const width = widths[at] as number;
  if (before === undefined || !Number.isFinite(before) || here <= 0) return width;
  return width - 1 + Math.log(before / goal) / Math.log(before / here);
}

async function measure(features: number, { quick, seed, say, signal }: Desk): Promise<Measured> {
  const subject = subjectOf(syntheticSet(features, seed, quick ? 3000 : 10_000));
  const fixed = { subject, epochs: quick ? 6 : 15, batch: 64, seed, signal };
  say(`${features} features`);
  const full = await tunedDescent(fixed);
  const low: Descent[] = [];
  for (const bits of widths)
    low.push(
      await descend({ ...fixed, rows: subject.encoded({ bits, seed }), estimator: "symmetric", step: full.step }),
    );
  const excess = low.map((descent) => lastLoss(descent) / lastLoss(full) - 1);
  return { features, excess, bits: crossing(excess) };
}

async function run(desk: Desk): Promise<Outcome> {
  const counts = desk.quick ? [10, 30, 100, 200] : [10, 30, 100, 300, 1000];
  const measured: Measured[] = [];
  for (const features of counts) measured.push(await measure(features, desk));
  const known = measured.flatMap(({ features, bits }) => (bits === undefined ? [] : [{ features, bits }]));
  const [first, last] = [known[0], known.at(-1)];
  const slope =
    first === undefined || last === undefined || first === last
      ? Number.NaN
      : (last.bits - first.bits) / Math.log2(last.features / first.features);
  const rising = known.every(({ bits }, i) => i === 0 || bits >= (known[i - 1]?.bits ?? 0) - 0.25);
  const told = measured.map(
    ({ features, bits }) => `${bits === undefined ? "over 8" : bits.toFixed(1)} at ${features}`,
  );
  return {
    claims: [
      {
        paper: "More features need more bits (Figure 8 a to c), about log₂ of n/σ (section 2.3)",
        measured: `fewest bits for a final loss within 5 % of full precision's: ${told.join(", ")} features; ${short(slope)} bits more for twice the features; bar: rising, by 0.2 to 1 a doubling`,
        verdict: verdictOf(rising && slope >= 0.2 && slope <= 1),
        why: "the variance of quantization grows as n/s²: s as the root of n, half a bit a doubling, keeps it in step with a full gradient's, which itself grows with n",
      },
    ],
    figures: [
      {
        title: "Bits for a loss within 5 % of full precision's",
        subtitle: "synthetic sets; estimator symmetric, mini-batch 64",
        x: { label: "features", scale: "log" },
        y: { label: "bits a value, both draws", include: [2, 8] },
        series: [
          {
            kind: "line",
            name: "fewest bits",
            x: known.map(({ features }) => features),
            y: known.map(({ bits }) => bits),
          },
        ],
      },
      {
        title: "Final loss above full precision's, by width",
        x: { label: "bits a value, both draws" },
        y: { label: "excess (%), at least 0.01", scale: "log" },
        series: measured.map(({ features, excess }) => {
          const shown = widths.flatMap((bits, i) => {
            const value = excess[i] as number;
            return Number.isFinite(value) ? [{ bits, value: Math.max(100 * value, 0.01) }] : [];
          });
          return {
            kind: "line",
            name: `${features} features`,
            x: shown.map(({ bits }) => bits),
            y: shown.map(({ value }) => value),
          };
        }),
        annotations: [{ kind: "rule", axis: "y", at: 100 * (bar - 1), label: "5 %" }],
      },
    ],
    tables: [
      {
        kind: "table",
        head: ["features", ...widths.map((bits) => `${bits} bits`)],
        rows: measured.map(({ features, excess }) => [features, ...excess.map((value) => percentAbove(1 + value))]),
        caption: "Final training loss above full precision's",
      },
    ],
    notes: ["Training rows stay the same in number, so that the sets differ in features alone."],
  };
}

/** How bits grow with the number of features. */
export const bitsFeatures: Experiment = {
  id: "bits-features",
  title: "Bits against the number of features",
  paper: "section 2.3 and Figure 8 a to c",
  isTimed: false,
  run,
};
