import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, type BenchResult, type BenchRow, benchRow, median, thisMachine } from "./bench-result.ts";
import { codecRates } from "./train/codec-rates.ts";
import { compilePeer, findSklearn } from "./train/peers.ts";
import { drawCurves } from "./train/picture.ts";
import { knownIds, type RaceResult, raceShape } from "./train/race-shape.ts";
import { type LossCurve, medianRatio, middleCurve, secondsTo } from "./train/races.ts";
import { selectionOf } from "./train/selection.ts";
import { type Shape, shapesOf } from "./train/shapes.ts";
import { type ProcessorTicks, readTicks, stolenShare } from "./train/stolen.ts";

/** Loss against time, by shape: what the paper's figure 5 shows. */
export interface TrainBenchResult extends BenchResult {
  readonly curves: readonly {
    readonly columns: number;
    readonly rows: number;
    readonly curves: readonly LossCurve[];
  }[];
}

/** Ratios of speed that are shown, where both sides have run. */
const pairs = [
  ["packed4", "float32"],
  ["packed8", "float32"],
  ["packed2", "float32"],
  ["packed4", "c-float32"],
  ["packed8", "c-float32"],
  ["packed4-all", "c-hogwild-all"],
  ["packed4-all", "c-hogwild-batch-all"],
  ["packed4-all", "hogwild-all"],
  ["packed4", "sklearn-sgd"],
  ["float32", "c-float32"],
  ["packed4-all", "packed4"],
] as const;

const rateUnit = "values/s";

function rateRows({ rates, bytes, values }: RaceResult, suffix: string): BenchRow[] {
  const middle = (id: string): number => median(rates.get(id) ?? []);
  const ratios = pairs
    .filter(([id, baseline]) => rates.has(id) && rates.has(baseline))
    .map(([id, baseline]) => {
      const ratio = medianRatio(rates, id, baseline);
      const figures = { value: middle(id), baseline: middle(baseline), ratio };
      return benchRow({ id: `${id}/${baseline}${suffix}`, ...figures, unit: rateUnit, better: "higher" });
    });
  const alone = Array.from(rates.keys()).flatMap((id) => {
    const perEpoch = (values.get(id) ?? 0) / middle(id);
    const read = (bytes.get(id) ?? 0) / perEpoch / 1e9;
    return [
      benchRow({ id: `${id}${suffix}`, value: middle(id), unit: rateUnit, better: "higher" }),
      benchRow({ id: `${id}-bytes${suffix}`, value: read, unit: "GB/s", better: "higher" }),
      benchRow({ id: `${id}-epoch${suffix}`, value: perEpoch, unit: "s", better: "lower" }),
    ];
  });
  return [...ratios, ...alone];
}

/** Each round's seconds to within 1 % of the optimum's loss, of those who come there. */
function secondsOf({ descents }: RaceResult): ReadonlyMap<string, readonly number[]> {
  const each = Array.from(descents, ([id, curves]) => [id, curves.map((curve) => secondsTo(curve, 0.01))] as const);
  return new Map(each.flatMap(([id, times]) => (times.every((time) => time !== undefined) ? [[id, times]] : [])));
}

/** One curve a contestant, of the round that took it middling long. */
function curvesOf({ descents }: RaceResult): readonly LossCurve[] {
  return Array.from(descents.values()).flatMap((curves) => middleCurve(curves) ?? []);
}

function lossRows(result: RaceResult, suffix: string): BenchRow[] {
  const seconds = secondsOf(result);
  const reached = Array.from(seconds, ([id, times]) =>
    benchRow({ id: `${id}-1%${suffix}`, value: median(times), unit: "s", better: "lower" }),
  );
  const last = (id: string): number | undefined => middleCurve(result.descents.get(id) ?? [])?.points.at(-1)?.loss;
  const compared = pairs.flatMap(([id, baseline]) => {
    const [times, others] = [seconds.get(id), seconds.get(baseline)];
    const rows: BenchRow[] = [];
    if (times !== undefined && others !== undefined) {
      const figures = { value: median(times), baseline: median(others), ratio: medianRatio(seconds, baseline, id) };
      rows.push(benchRow({ id: `${id}/${baseline}-1%${suffix}`, ...figures, unit: "s", better: "lower" }));
    }
    const [loss, otherLoss] = [last(id), last(baseline)];
    if (loss !== undefined && otherLoss !== undefined) {
      const losses = { value: loss, baseline: otherLoss, unit: "× optimum" };
      rows.push(benchRow({ id: `${id}/${baseline}-loss${suffix}`, ...losses, better: "lower" }));
    }
    return rows;
  });
  return [...compared, ...reached];
}

function bandwidthRows({ rates, bytes, values, bandwidth }: RaceResult, suffix: string): BenchRow[] {
  if (bandwidth.length === 0) return [];
  const baseline = median(bandwidth) / 1e9;
  const shares = ["float32", "packed8", "packed4", "packed2"]
    .filter((id) => rates.has(id))
    .map((id) => {
      const perValue = (bytes.get(id) ?? 0) / (values.get(id) ?? 1);
      const value = (median(rates.get(id) ?? []) * perValue) / 1e9;
      return benchRow({ id: `${id}/bandwidth${suffix}`, value, baseline, unit: "GB/s", better: "higher" });
    });
  return [benchRow({ id: `bandwidth${suffix}`, value: baseline, unit: "GB/s", better: "higher" }), ...shares];
}

function codecRows(rounds: number): BenchRow[] {
  const { encode, decode } = codecRates(rounds);
  return [
    benchRow({ id: "encode4", value: median(encode), unit: rateUnit, better: "higher" }),
    benchRow({ id: "decode4", value: median(decode), unit: rateUnit, better: "higher" }),
  ];
}

function stolenRows(before: ProcessorTicks | undefined, suffix: string): BenchRow[] {
  const after = readTicks();
  if (before === undefined || after === undefined) return [];
  return [benchRow({ id: `stolen${suffix}`, value: 100 * stolenShare(before, after), unit: "%", better: "lower" })];
}

const notes: readonly string[] = [
  "Rates are medians over alternating rounds of as many epochs as fill 0.2 s, elapsed time; a ratio is the median of the rounds' ratios.",
  "Without -all one thread each. -1% is the time in epochs from a model of 0 to within 1 % of the optimum's loss, the step halved after each epoch; engines with one thread descend in step, an epoch of each after another, others alone, each round with another order of mini-batches and other draws.",
  "stolen is the share of the processors' time that the host of a virtual machine gave to others. Threads that wait for each other lose more than that, or leave the work to one.",
  "Losses are those expected on exact rows, known in closed form as the sets are synthetic.",
  "c-hogwild-all takes a step a row, as the paper's baseline does; c-hogwild-batch-all writes the shared model once a mini-batch.",
];

/** `npm run bench -- train`: the engines against each other, against C with AVX2 and against scikit-learn. */
export async function run({ quick, progress, only }: BenchOptions): Promise<TrainBenchResult> {
  const rounds = quick ? 3 : 5;
  const shapes = shapesOf(quick);
  const suffixes = shapes.map(({ suffix }) => suffix);
  const selection = selectionOf(only, knownIds, suffixes);
  const folder = await mkdtemp(join(tmpdir(), "zipml-bench-"));
  try {
    const [sgd, python] = [await compilePeer(folder), await findSklearn()];
    const missing = [sgd, python].flatMap((found) => ("reason" in found ? [found.reason] : []));
    const programs = {
      folder,
      sgd: "path" in sgd ? sgd.path : undefined,
      python: "path" in python ? python.path : undefined,
    };
    const races: (readonly [Shape, RaceResult])[] = [];
    const stolen: BenchRow[] = [];
    for (const shape of shapes) {
      if (!selection.hasShape(shape.suffix)) continue;
      const before = readTicks();
      races.push([shape, await raceShape({ shape, programs, selection, rounds, progress })]);
      stolen.push(...stolenRows(before, shape.suffix));
    }
    const [first] = races;
    const picture = first === undefined ? undefined : await drawCurves(first[0], curvesOf(first[1]));
    const codec = selection.has("encode4", "") || selection.has("decode4", "") ? codecRows(rounds) : [];
    const rows = races.flatMap(([{ suffix }, race]) => [
      ...rateRows(race, suffix),
      ...lossRows(race, suffix),
      ...bandwidthRows(race, suffix),
    ]);
    return {
      name: "train",
      machine: thisMachine(),
      rows: [...rows, ...codec, ...stolen],
      notes: [...notes, ...missing],
      ...(picture !== undefined && { picture }),
      curves: races.map(([{ columns, rows: count }, result]) => ({ columns, rows: count, curves: curvesOf(result) })),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
