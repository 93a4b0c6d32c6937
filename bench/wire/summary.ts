import { type BenchRow, type BenchTable, benchRow, median } from "../bench-result.ts";
import { goal } from "./candidate.ts";
import { type Batch, type Choice, meetsAtSetting, type Point, type SeriesResult } from "./measure.ts";
import { transports } from "./transport.ts";

/** A series that hardly changes from one reading to the next. */
const smooth = 0.97;
/** Bytes a reading to reach on a smooth series. */
const smoothGoal = 0.25;

/** What is compared on one series: our fewest bytes, and those of the others. */
export interface Contest {
  readonly result: SeriesResult;
  readonly ours: Choice;
  /** The other way with the fewest bytes that meets the goal. */
  readonly other: Choice;
  /** The same with every peer taken at its word at one setting. */
  readonly otherAtSetting: Point;
  /** The fewest bytes of a way that loses nothing. */
  readonly lossless: Point;
  readonly float32: number;
  readonly float16: number;
}

function least<P extends Point>(points: Iterable<P>): P | undefined {
  return [...points].sort((a, b) => a.payload - b.payload)[0];
}

/** Contests of the series on which something of ours meets the goal with a risk that is known. */
export function contestsOf(results: readonly SeriesResult[]): readonly Contest[] {
  return results.flatMap((result): Contest[] => {
    const choices = [...result.choices.values()];
    const others = choices.filter(({ family }) => family !== "ours");
    const ours = least(choices.filter(({ family, meets }) => family === "ours" && meets));
    const other = least(others.filter(({ meets }) => meets));
    const foreign = result.points.filter(({ family }) => family !== "ours");
    const otherAtSetting = least(foreign.filter(({ risk }) => meetsAtSetting(risk)));
    const lossless = least(foreign.filter(({ risk }) => risk.mean === 0 && risk.error === 0));
    const float32 = result.choices.get("CBOR float32")?.payload;
    const float16 = result.choices.get("CBOR float16")?.payload;
    const isWhole = ours && other && otherAtSetting && lossless && float32 !== undefined && float16 !== undefined;
    return isWhole ? [{ result, ours, other, otherAtSetting, lossless, float32, float16 }] : [];
  });
}

/** Nothing is won or lost by a thousandth of a byte a reading: a quarter of a byte a message. */
const tie = 0.001;

/** The bars of the issue, as rows. */
export function barRows(results: readonly SeriesResult[], contests: readonly Contest[]): readonly BenchRow[] {
  const total = contests.length;
  const share = (id: string, holds: (contest: Contest) => boolean, bar: number): BenchRow =>
    benchRow({ id, value: contests.filter(holds).length / total, unit: "of series", baseline: bar, better: "higher" });
  const ratio = (id: string, of: (contest: Contest) => number, bar: number): BenchRow =>
    benchRow({ id, value: median(contests.map(of)), unit: "times", baseline: bar, better: "higher" });
  const planned = results.flatMap(({ points }) =>
    points.filter(({ way, scale }) => way === "dither arithmetic" && scale === 1),
  );
  const smoothOnes = contests.filter(({ result }) => result.smoothness >= smooth).map(({ ours }) => ours.payload);
  if (total === 0) return [benchRow({ id: "series counted", value: 0, unit: "series", better: "higher" })];
  return [
    benchRow({ id: "series counted", value: total, unit: "series", baseline: results.length, better: "higher" }),
    share("ours at most lossless", ({ ours, lossless }) => ours.payload <= lossless.payload + tie, 1),
    share(
      "ours at most difference and Rice",
      ({ ours, result }) => ours.payload <= (result.choices.get("difference and Rice")?.payload ?? 0) + tie,
      1,
    ),
    share("ours at most any other way", ({ ours, other }) => ours.payload <= other.payload + tie, 2 / 3),
    share(
      "ours at most any other way, peers at their word",
      ({ ours, otherAtSetting }) => ours.payload <= otherAtSetting.payload + tie,
      2 / 3,
    ),
    ratio("float32/ours, median series", ({ float32, ours }) => float32 / ours.payload, 8),
    ratio("float16/ours, median series", ({ float16, ours }) => float16 / ours.payload, 4),
    ratio("best other/ours, median series", ({ other, ours }) => other.payload / ours.payload, 1),
    benchRow({
      id: "excess at the planned step, median series",
      value: 100 * median(planned.map(({ risk }) => risk.mean)),
      unit: "%",
      baseline: 100 * goal.excess,
      better: "lower",
    }),
    benchRow({
      id: "head of our frame, median series",
      value: median(results.map(({ head }) => head)),
      unit: "B/reading",
      better: "lower",
    }),
    ...(smoothOnes.length === 0
      ? []
      : [
          benchRow({
            id: "ours, smooth series, median",
            value: median(smoothOnes),
            unit: "B/reading",
            baseline: smoothGoal,
            better: "lower",
          }),
          benchRow({
            id: "smooth series at 0.25 B or less",
            value: smoothOnes.filter((bytes) => bytes <= smoothGoal).length,
            unit: "series",
            baseline: smoothOnes.length,
            better: "higher",
          }),
        ]),
  ];
}

/** Ways with their medians over the series in batches of one size, fewest bytes first. */
export function batchTable(batch: Batch, results: readonly SeriesResult[], contests: readonly Contest[]): BenchTable {
  const ways = [...new Set(results.flatMap(({ choices }) => [...choices.keys()]))];
  const row = (way: string, choices: readonly Choice[]): readonly (string | number)[] => {
    const bytes = choices.flatMap(({ batches }) => batches[batch] ?? []);
    const middle = (of: (at: (typeof bytes)[number]) => number) => rounded(median(bytes.map(of)));
    const meeting = choices.filter(({ meets }) => meets).length;
    return [way, meeting, middle(({ payload }) => payload), ...transports.map((t) => middle(({ wire }) => wire[t]))];
  };
  const rows = ways.map((way) =>
    row(
      way,
      results.flatMap(({ choices }) => choices.get(way) ?? []),
    ),
  );
  const ours = contests.map((contest) => contest.ours);
  return {
    title: `${batch} readings a message, bytes a reading, median of the series`,
    head: ["way", "meets", "payload", "MQTT 3.1.1", "MQTT 5", "3.1.1 TLS", "5 TLS"],
    rows: [...(ours.length > 0 ? [row("ours, the smallest", ours)] : []), ...rows].sort(
      (a, b) => Number(a[2]) - Number(b[2]),
    ),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

const percent = (share: number): number => Number((100 * share).toFixed(4));

/** Every series with who needs the fewest bytes. */
export function seriesTable(contests: readonly Contest[]): BenchTable {
  return {
    title: "256 readings a message, by series: the fewest bytes a reading that meet the goal",
    head: [
      "series",
      "readings",
      "ours",
      "B",
      "head B",
      "excess %",
      "error %",
      "best other",
      "B",
      "excess %",
      "lossless B",
      "float16/ours",
    ],
    rows: contests.map(({ result, ours, other, lossless, float16 }) => [
      result.name,
      result.readings,
      `${ours.way}, ${ours.setting}`,
      rounded(ours.payload),
      rounded(result.head),
      percent(ours.risk.mean),
      percent(ours.risk.error),
      `${other.way}, ${other.setting}`,
      rounded(other.payload),
      percent(other.risk.mean),
      rounded(lossless.payload),
      rounded(float16 / ours.payload),
    ]),
  };
}

/** The series where another way needs fewer bytes, one line each. */
export function lostTo(contests: readonly Contest[]): readonly string[] {
  return contests
    .filter(({ ours, other }) => other.payload + tie < ours.payload)
    .map(
      ({ result, ours, other }) =>
        `${result.name}: ${other.way} (${other.setting}) takes ${rounded(other.payload)} B at ${percent(other.risk.mean)} %, ours ${rounded(ours.payload)} B at ${percent(ours.risk.mean)} %.`,
    );
}
