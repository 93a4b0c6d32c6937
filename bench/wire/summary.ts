import { type BenchRow, type BenchTable, benchRow, median } from "../bench-result.ts";
import { goal } from "./candidate.ts";
import { type Batch, type Choice, meetsAtSetting, meetsGoal, type Point, type SeriesResult } from "./measure.ts";
import { isHeld } from "./our-dead-band.ts";
import { isPlain } from "./ours.ts";
import { transports } from "./transport.ts";

/** A series that hardly changes from one reading to the next. */
const smooth = 0.97;
/** Bytes a reading to reach on a smooth series. */
const smoothGoal = 0.25;

/** What is compared on one series: our fewest bytes, and those of the others. */
export interface Contest {
  readonly result: SeriesResult;
  readonly ours: Choice;
  /** The same without a dead band before it. */
  readonly unheld: Choice;
  /** The same, and learned with the correction d alone. */
  readonly corrected: Choice;
  /** The other way with the fewest bytes that meets the goal. */
  readonly other: Choice;
  /** The same with every peer taken at its word at one setting. */
  readonly otherAtSetting: Point;
  /** The same with every peer whose model is neither worse nor better than the goal allows. */
  readonly otherWithin: Point;
  /** Our fewest bytes whatever is known of the risk. */
  readonly oursAnyError: Point;
  /** The fewest bytes of a way that loses nothing. */
  readonly lossless: Point;
  readonly float32: number;
  readonly float16: number;
}

/** Whether what a way of ours sends is unbiased, and learned from as such. */
const isUnbiased = (way: string): boolean => !isPlain(way) && !isHeld(way);

function least<P extends Point>(points: Iterable<P>): P | undefined {
  return [...points].sort((a, b) => a.payload - b.payload)[0];
}

/** Contests of the series on which something of ours meets the goal with a risk that is known. */
export function contestsOf(results: readonly SeriesResult[]): readonly Contest[] {
  return results.flatMap((result): Contest[] => {
    const choices = [...result.choices.values()];
    const others = choices.filter(({ family }) => family !== "ours");
    const meeting = choices.filter(({ family, meets }) => family === "ours" && meets);
    const ours = least(meeting);
    const unheld = least(meeting.filter(({ way }) => !isHeld(way)));
    const corrected = least(meeting.filter(({ way }) => isUnbiased(way)));
    const other = least(others.filter(({ meets }) => meets));
    const foreign = result.points.filter(({ family }) => family !== "ours");
    const otherAtSetting = least(foreign.filter(({ risk }) => meetsAtSetting(risk)));
    const otherWithin = least(foreign.filter(({ risk }) => meetsGoal(risk) && risk.mean >= -goal.excess));
    const unbiased = result.points.filter(({ way, family }) => family === "ours" && isUnbiased(way));
    const oursAnyError = least(unbiased.filter(({ risk }) => risk.mean <= goal.excess));
    const lossless = least(foreign.filter(({ risk }) => risk.mean === 0 && risk.error === 0));
    const float32 = result.choices.get("CBOR float32")?.payload;
    const float16 = result.choices.get("CBOR float16")?.payload;
    if (ours === undefined || other === undefined || otherAtSetting === undefined || otherWithin === undefined)
      return [];
    if (oursAnyError === undefined || lossless === undefined || float32 === undefined || float16 === undefined)
      return [];
    if (corrected === undefined || unheld === undefined) return [];
    const own = { ours, unheld, corrected, oursAnyError };
    return [{ result, ...own, other, otherAtSetting, otherWithin, lossless, float32, float16 }];
  });
}

/** Nothing is won or lost by a thousandth of a byte a reading: a quarter of a byte a message. */
const tie = 0.001;

function shareRow(
  id: string,
  contests: readonly Contest[],
  holds: (contest: Contest) => boolean,
  bar: number,
): BenchRow {
  const value = contests.length === 0 ? 0 : contests.filter(holds).length / contests.length;
  return benchRow({ id, value, unit: "of series", baseline: bar, better: "higher" });
}

const atMost = (ours: Point, other: number): boolean => ours.payload <= other + tie;

/** What a peer would take if it had our frame's head in place of its envelope. */
const inOurFrame = ({ result }: Contest, { payload }: Point): number => payload - result.envelope + result.head;

/** On how many series ours takes no more bytes than lossless ways, and than any. */
function winRows(contests: readonly Contest[]): readonly BenchRow[] {
  const most = 2 / 3;
  const known = contests.filter(({ oursAnyError }) => meetsGoal(oursAnyError.risk));
  return [
    shareRow("ours at most lossless", contests, ({ ours, lossless }) => atMost(ours, lossless.payload), 1),
    shareRow(
      "ours at most difference and Rice",
      contests,
      ({ ours, result }) => atMost(ours, result.choices.get("difference and Rice")?.payload ?? 0),
      1,
    ),
    shareRow("ours at most lossless, both in our frame", contests, (c) => atMost(c.ours, inOurFrame(c, c.lossless)), 1),
    shareRow("ours at most any other way", contests, ({ ours, other }) => atMost(ours, other.payload), most),
    shareRow("  without dead-band of ours", contests, (c) => atMost(c.unheld, c.other.payload), most),
    shareRow("  ours with the correction d alone", contests, (c) => atMost(c.corrected, c.other.payload), most),
    shareRow("  all in our frame", contests, (c) => atMost(c.ours, inOurFrame(c, c.other)), most),
    shareRow("  others within ±0.1 %, ours with d", contests, (c) => atMost(c.corrected, c.otherWithin.payload), most),
    shareRow("  others at their word", contests, (c) => atMost(c.ours, c.otherAtSetting.payload), most),
    benchRow({
      id: "series whose error is known at our fewest bytes",
      value: known.length,
      unit: "series",
      baseline: contests.length,
      better: "higher",
    }),
    shareRow("  ours at most any other way there", known, (c) => atMost(c.oursAnyError, c.other.payload), most),
  ];
}

function medianRow(id: string, values: readonly number[], bar?: number): readonly BenchRow[] {
  if (values.length === 0) return [];
  const baseline = bar === undefined ? {} : { baseline: bar };
  return [benchRow({ id, value: median(values), unit: "B/reading", better: "lower", ...baseline })];
}

/** How many times smaller ours are. */
function ratioRows(contests: readonly Contest[]): readonly BenchRow[] {
  const ratio = (id: string, of: (contest: Contest) => number, bar: number): BenchRow =>
    benchRow({ id, value: median(contests.map(of)), unit: "times", baseline: bar, better: "higher" });
  return [
    ratio("float32/ours, median series", ({ float32, ours }) => float32 / ours.payload, 8),
    ratio("float16/ours, median series", ({ float16, ours }) => float16 / ours.payload, 4),
    ratio("  float32/ours without dead-band of ours", ({ float32, unheld }) => float32 / unheld.payload, 8),
    ratio("  float16/ours without dead-band of ours", ({ float16, unheld }) => float16 / unheld.payload, 4),
    ratio("best other/ours, median series", ({ other, ours }) => other.payload / ours.payload, 1),
    ratio("  other/ours without dead-band of ours", ({ other, unheld }) => other.payload / unheld.payload, 1),
  ];
}

/** How small ours are on smooth series, and where the bytes are. */
function smoothRows(contests: readonly Contest[]): readonly BenchRow[] {
  const ones = contests.filter(({ result }) => result.smoothness >= smooth);
  const own = ones.map(({ ours }) => ours.payload);
  const unheld = ones.map((contest) => contest.unheld.payload);
  const corrected = ones.map((contest) => contest.corrected.payload);
  const headless = ones.map(({ ours, result }) => ours.payload - result.head);
  const anyError = ones.map(({ oursAnyError }) => oursAnyError.payload);
  return [
    ...medianRow(`ours, median of ${ones.length} smooth series`, own, smoothGoal),
    ...medianRow("  median without dead-band of ours", unheld, smoothGoal),
    ...medianRow("  with the correction d alone", corrected, smoothGoal),
    ...medianRow("  without the frame's head", headless, smoothGoal),
    ...medianRow("  whatever the excess's error", anyError, smoothGoal),
    shareRow("smooth series at 0.25 B or less", ones, ({ ours }) => ours.payload <= smoothGoal, 1),
    shareRow("  whatever the excess's error", ones, (c) => c.oursAnyError.payload <= smoothGoal, 1),
  ];
}

/** What the planned step comes to without any search. */
function plannedRows(results: readonly SeriesResult[]): readonly BenchRow[] {
  const isPlanned = ({ way, scale }: Point): boolean => way === "dither arithmetic" && scale === 1;
  const planned = results.flatMap(({ points }) => points.filter(isPlanned));
  if (planned.length === 0) return [];
  const missing = planned.filter(({ risk }) => risk.mean - 2 * risk.error > goal.excess);
  return [
    ...medianRow(
      "ours at the planned step, median series",
      planned.map(({ payload }) => payload),
    ),
    benchRow({
      id: "excess at the planned step, median series",
      value: 100 * median(planned.map(({ risk }) => risk.mean)),
      unit: "%",
      baseline: 100 * goal.excess,
      better: "lower",
    }),
    benchRow({
      id: "series that miss the goal at the planned step by two errors",
      value: missing.length,
      unit: "series",
      better: "lower",
    }),
  ];
}

/** The bars of the wire, as rows. */
export function barRows(results: readonly SeriesResult[], contests: readonly Contest[]): readonly BenchRow[] {
  const counted = benchRow({
    id: "series counted",
    value: contests.length,
    unit: "series",
    baseline: results.length,
    better: "higher",
  });
  if (contests.length === 0) return [counted];
  return [
    counted,
    ...winRows(contests),
    ...ratioRows(contests),
    ...smoothRows(contests),
    ...medianRow(
      "head of our frame, median series",
      results.map(({ head }) => head),
    ),
    ...medianRow(
      "envelope of compact peers, median series",
      results.map(({ envelope }) => envelope),
    ),
    ...plannedRows(results),
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
