import type { Figure, NumberAxis, Series } from "@zipml/report";
import { type LayerName, layerNames } from "../links/link.ts";
import { paretoFront } from "./pareto.ts";
import { finalLoss, fullLoss, type ReportPoint } from "./points.ts";

/** A figure, and its numbers as a table. */
export interface Shown {
  readonly figure: Figure;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Most series that a figure can tell apart. */
const mostSeries = 8;

/** Numbers as tables show them: four digits that count. */
export function digits(value: number): number | string {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : "–";
}

/** A cost that losses are drawn against. */
export interface Cost {
  readonly title: string;
  readonly label: string;
  of(point: ReportPoint): number;
}

/** The costs of a fleet. */
export const costs: readonly Cost[] = [
  {
    title: "bytes",
    label: "bytes on the wire a reading received",
    of: ({ result }) => result.bytes.wirePerReceivedReading,
  },
  {
    title: "air time",
    label: "air time, s a device and day",
    of: ({ result }) => result.airtime.secondsPerDeviceDay,
  },
  {
    title: "energy",
    label: "energy, J a device and day",
    of: ({ result }) => result.energy.joulesPerDeviceDay,
  },
];

/** Values a factor of ten or more apart are told apart by their logarithms. */
function axis(label: string, values: readonly number[]): NumberAxis {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) >= 10 * least ? { label, scale: "log" } : { label };
}

/** Loss against a cost, and the front of what no other point beats; undefined where nothing was learnt. */
export function lossFigure(points: readonly ReportPoint[], { title, label, of }: Cost): Shown | undefined {
  const learnt = points.filter(({ result }) => Number.isFinite(finalLoss(result)));
  if (learnt.length === 0) return undefined;
  const places = learnt.map((point) => ({ cost: of(point), loss: finalLoss(point.result) }));
  const front = paretoFront(places);
  const series: Series[] = [
    {
      kind: "points",
      name: "simulated",
      x: places.map(({ cost }) => cost),
      y: places.map(({ loss }) => loss),
      labels: learnt.map((point) => point.label),
    },
  ];
  if (front.length > 1)
    series.push({
      kind: "line",
      name: "no other is better",
      x: front.map((i) => places[i]?.cost ?? 0),
      y: front.map((i) => places[i]?.loss ?? 0),
    });
  const full = learnt.reduce((sum, { result }) => sum + fullLoss(result), 0) / learnt.length;
  return {
    figure: {
      title: `Test loss against ${title}`,
      x: axis(
        label,
        places.map(({ cost }) => cost),
      ),
      y: axis("test loss", [full, ...places.map(({ loss }) => loss)]),
      series,
      annotations: [{ kind: "rule", axis: "y", at: full, label: "full precision, nothing lost" }],
    },
    head: ["point", label, "test loss", "over full precision, %", "on the front"],
    rows: learnt.map((point, i) => [
      point.label,
      digits(of(point)),
      digits(finalLoss(point.result)),
      digits(100 * (finalLoss(point.result) / fullLoss(point.result) - 1)),
      front.includes(i) ? "yes" : "",
    ]),
  };
}

const layerTitles: Readonly<Record<LayerName, string>> = {
  payload: "application",
  messaging: "MQTT or MQTT-SN",
  tls: "TLS",
  transport: "TCP or UDP, IP",
  link: "link",
};

function layerBytes({ result: { bytes } }: ReportPoint, layer: LayerName): number {
  const { data, control } = bytes;
  return data.up[layer] + data.down[layer] + control.up[layer] + control.down[layer];
}

/** Bytes of a reading received, by layer. */
export function layerFigure(points: readonly ReportPoint[]): Shown {
  const perReading = (point: ReportPoint, layer: LayerName): number =>
    layerBytes(point, layer) / Math.max(1, point.result.readings.received);
  const used = layerNames.filter((layer) => points.some((point) => layerBytes(point, layer) > 0));
  return {
    figure: {
      title: "Bytes by layer",
      subtitle: "both directions; frames, births, connections, receipts and acknowledgements",
      x: { label: "", categories: points.map(({ label }) => label) },
      y: { label: "bytes a reading received" },
      series: used.map((layer) => ({
        kind: "bars" as const,
        name: layerTitles[layer],
        x: points.map(({ label }) => label),
        y: points.map((point) => perReading(point, layer)),
      })),
    },
    head: ["point", ...used.map((layer) => `${layerTitles[layer]}, B a reading`), "all, B"],
    rows: points.map((point) => [
      point.label,
      ...used.map((layer) => digits(perReading(point, layer))),
      digits(point.result.bytes.wire),
    ]),
  };
}

/** Delivery against the load of a channel, and what ALOHA alone would let through; undefined without such a load. */
export function deliveryFigure(points: readonly ReportPoint[]): Shown | undefined {
  const classes = points.flatMap(({ label, result }) =>
    result.manifest.scenario.link === "lorawan"
      ? result.classes
          .filter(({ transmissions }) => transmissions.sent > 0)
          .map(({ name, load, transmissions }) => ({
            name: points.length > 1 ? `${label}, ${name}` : name,
            load,
            share: transmissions.received / transmissions.sent,
          }))
      : [],
  );
  if (classes.length === 0) return undefined;
  const most = Math.max(0.05, ...classes.map(({ load }) => load));
  const loads = Array.from({ length: 60 }, (_, i) => (most * i) / 59);
  return {
    figure: {
      title: "Delivery against load",
      x: { label: "load G of a channel and spreading factor" },
      y: { label: "share of transmissions received", include: [0, 1] },
      series: [
        { kind: "line", name: "ALOHA, exp(−2G)", x: loads, y: loads.map((load) => Math.exp(-2 * load)) },
        {
          kind: "points",
          name: "simulated",
          x: classes.map(({ load }) => load),
          y: classes.map(({ share }) => share),
          labels: classes.map(({ name }) => name),
        },
      ],
    },
    head: ["devices", "load G", "received, %", "ALOHA, %"],
    rows: classes.map(({ name, load, share }) => [
      name,
      digits(load),
      digits(100 * share),
      digits(100 * Math.exp(-2 * load)),
    ]),
  };
}

/** One number of each point as bars; undefined where no point has it. */
export function barFigure(
  points: readonly ReportPoint[],
  title: string,
  label: string,
  of: (point: ReportPoint) => number | undefined,
): Shown | undefined {
  const having = points.flatMap((point) => {
    const value = of(point);
    return value === undefined ? [] : [{ label: point.label, value }];
  });
  if (having.length === 0) return undefined;
  const names = having.map((point) => point.label);
  return {
    figure: {
      title,
      x: { label: "", categories: names },
      y: { label, include: [0, 0] },
      series: [{ kind: "bars", name: label, x: names, y: having.map(({ value }) => value) }],
    },
    head: ["point", label],
    rows: having.map((point) => [point.label, digits(point.value)]),
  };
}

/** Shares of frames that were there so soon after their sealing; undefined where none came through. */
export function latencyFigure(points: readonly ReportPoint[]): Shown | undefined {
  const having = points.filter(({ result }) => result.latency !== null && result.latency.curve.length > 0);
  if (having.length === 0) return undefined;
  return {
    figure: {
      title: "Time to the gateway",
      subtitle: "from the sealing of a frame to its arrival",
      x: { label: "seconds", scale: "log" },
      y: { label: "share of frames received", range: [0, 1] },
      series: having.slice(0, mostSeries).map(({ label, result }) => ({
        kind: "line" as const,
        name: label,
        steps: true,
        x: result.latency?.curve.map(([seconds]) => Math.max(seconds, 1e-6)) ?? [],
        y: result.latency?.curve.map(([, share]) => share) ?? [],
      })),
    },
    head: ["point", "mean, s", "median, s", "95 %, s", "99 %, s"],
    rows: having.map(({ label, result: { latency } }) => [
      label,
      digits(latency?.meanSeconds ?? Number.NaN),
      digits(latency?.p50Seconds ?? Number.NaN),
      digits(latency?.p95Seconds ?? Number.NaN),
      digits(latency?.p99Seconds ?? Number.NaN),
    ]),
  };
}

/** Test loss of the first group as time goes on; undefined where nothing was learnt. */
export function learningFigure(points: readonly ReportPoint[]): Shown | undefined {
  const curves = points.flatMap(({ label, result }) => {
    const [group] = result.learning;
    const told = group?.points.filter(({ test }) => test !== undefined) ?? [];
    return group === undefined || told.length === 0 ? [] : [{ label, group, told }];
  });
  const [first] = curves;
  if (first === undefined) return undefined;
  return {
    figure: {
      title: "Test loss over time",
      subtitle: "of the first group; the line is full precision with nothing lost",
      x: { label: "hours" },
      y: { label: "test loss" },
      series: curves.slice(0, mostSeries).map(({ label, told }) => ({
        kind: "line" as const,
        name: label,
        x: told.map(({ hours }) => hours),
        y: told.map(({ test }) => test?.loss ?? 0),
      })),
      annotations: [{ kind: "rule", axis: "y", at: first.group.full.loss, label: "full precision" }],
    },
    head: ["point", "hours", "frames", "rows", "test loss", "R²"],
    rows: curves.flatMap(({ label, told }) =>
      told.map(({ hours, frames, rows, test }) => [
        label,
        digits(hours),
        frames,
        rows,
        digits(test?.loss ?? Number.NaN),
        digits(test?.r2 ?? Number.NaN),
      ]),
    ),
  };
}
