import { type Figure, type PointSeries, plot } from "@zipml/report";
import { median } from "../bench-result.ts";
import { type Family, families } from "./candidate.ts";
import type { Point, SeriesResult } from "./measure.ts";

/** What the picture shows of excess risks that are no larger, 0.0001 %. */
const floor = 1e-6;
const ceiling = 1;

/** Ways whose points have a name beside them: those of one setting that stand apart. */
const labelled: ReadonlySet<string> = new Set([
  "SenML JSON",
  "CBOR float32",
  "CBOR float16",
  "CBOR int8",
  "CBOR int4",
  "brotli",
  "difference and Rice",
]);

/** A way at one setting, in the middle of the series. */
interface Spot {
  readonly family: Family;
  readonly way: string;
  readonly bytes: number;
  /** In percent. */
  readonly excess: number;
}

/** What is the same way and setting on every series: compressors choose what they are fed by series. */
const keyOf = ({ way, setting, scale, family }: Point): string =>
  `${way}/${family === "compressed" ? "" : (scale?.toPrecision(3) ?? setting)}`;

function spotsOf(results: readonly SeriesResult[]): readonly Spot[] {
  const groups = new Map<string, Map<string, Point>>();
  for (const { name, points, choices } of results)
    for (const point of points) {
      if (point.family === "compressed" && choices.get(point.way)?.setting !== point.setting) continue;
      const group = groups.get(keyOf(point)) ?? new Map<string, Point>();
      const before = group.get(name);
      if (before === undefined || point.payload < before.payload) group.set(name, point);
      groups.set(keyOf(point), group);
    }
  return [...groups.values()].flatMap((group): Spot[] => {
    const points = [...group.values()].filter(({ payload }) => Number.isFinite(payload));
    const [first] = points;
    // What most series do not have would be the middle of other series.
    if (first === undefined || points.length < 0.9 * results.length) return [];
    // A model that happens to test better is as far from the exact one.
    const risk = median(points.map(({ risk }) => Math.min(Math.max(Math.abs(risk.mean), floor), ceiling)));
    return [
      { family: first.family, way: first.way, bytes: median(points.map(({ payload }) => payload)), excess: 100 * risk },
    ];
  });
}

/** Spots that no other undercuts in both. */
function frontOf(spots: readonly Spot[]): readonly Spot[] {
  let lowest = Number.POSITIVE_INFINITY;
  return [...spots]
    .sort((a, b) => a.bytes - b.bytes || a.excess - b.excess)
    .filter(({ excess }) => {
      if (excess >= lowest) return false;
      lowest = excess;
      return true;
    });
}

/** Bytes against excess risk of every way and setting, with the front that no other undercuts. */
export function drawPicture(results: readonly SeriesResult[]): Promise<string> {
  const spots = spotsOf(results);
  const front = frontOf(spots);
  const named = new Set<string>();
  const series = families.flatMap((family): PointSeries[] => {
    const own = spots.filter((spot) => spot.family === family);
    if (own.length === 0) return [];
    const label = ({ way }: Spot): string => {
      const isFirst = labelled.has(way) && !named.has(way);
      named.add(way);
      return isFirst ? way : "";
    };
    return [
      {
        kind: "points",
        name: family,
        x: own.map(({ bytes }) => bytes),
        y: own.map(({ excess }) => excess),
        labels: own.map(label),
      },
    ];
  });
  const figure: Figure = {
    title: "Bytes a reading against what they cost the model",
    subtitle: `median of ${results.length} series, 256 readings a message; 0.0001 % and less at the lower edge`,
    x: { label: "payload (bytes a reading)", scale: "log" },
    y: { label: "excess test risk, above or below (%)", scale: "log", include: [1e-4, 100] },
    series: [
      ...series,
      {
        kind: "line",
        name: "front",
        x: front.map(({ bytes }) => bytes),
        y: front.map(({ excess }) => excess),
        steps: true,
      },
    ],
    annotations: [{ kind: "rule", axis: "y", at: 0.1, label: "0.1 %" }],
    width: 960,
    height: 600,
  };
  return plot(figure);
}
