import type { Axis, Legend, NewSignal, Scale, Spec } from "vega";
import { annotationMarks } from "./annotations.ts";
import { type Domain, ticksOf, xDomain, yDomain } from "./domain.ts";
import type { Figure, NumberAxis, Series } from "./figure.ts";
import { dataOf, lookOf, rugMarks, seriesMarks } from "./marks.ts";
import { textWidth, wrapText } from "./text-width.ts";
import { theme } from "./theme.ts";

/** Inner size of the frame, without axes, title and legend. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

type FrameSide = "width" | "height";

function numberScale(name: string, { scale = "linear" }: NumberAxis, [from, to]: Domain, range: FrameSide): Scale {
  const domain = [from, to];
  if (scale === "log") return { name, domain, range, type: scale, nice: false };
  return { name, domain, range, type: scale, nice: false, zero: false };
}

/** A color as faint as an area of it, but solid: legends have no opacity of their own. */
function tint(color: string): string {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return `#${parts.map((part) => Math.round(255 - (255 - part) * 0.28).toString(16)).join("")}`;
}

/** Name to look, for the legend. */
function legendScales(series: readonly Series[]): Scale[] {
  const domain = series.map(({ name }) => name);
  const scale = (name: string, of: (each: Series, s: number) => unknown): Scale =>
    ({ name, type: "ordinal", domain, range: series.map(of) }) as Scale;
  return [
    scale("legendStroke", (_, s) => lookOf(s).color),
    scale("legendFill", ({ kind }, s) =>
      kind === "line" ? "transparent" : kind === "area" ? tint(lookOf(s).color) : lookOf(s).color,
    ),
    scale("legendShape", ({ kind }, s) =>
      kind === "line" ? "stroke" : kind === "points" ? lookOf(s).shape : "square",
    ),
    scale("legendSize", ({ kind }) => (kind === "line" ? 160 : kind === "points" ? 70 : 110)),
    scale("legendDash", ({ kind }, s) => (kind === "line" ? [...lookOf(s).dash] : [])),
  ];
}

function legendOf(series: readonly Series[], width: number): Legend[] {
  if (series.length < 2) return [];
  const widest = Math.max(...series.map(({ name }) => textWidth(name, theme.textSize))) + 34;
  return [
    {
      aria: false,
      orient: "top",
      direction: "horizontal",
      columns: Math.max(1, Math.min(series.length, Math.floor(width / widest))),
      columnPadding: 16,
      stroke: "legendStroke",
      fill: "legendFill",
      shape: "legendShape",
      strokeDash: "legendDash",
      size: "legendSize",
      symbolStrokeWidth: 2,
      labelFont: theme.font,
      labelFontSize: theme.textSize,
      labelColor: theme.ink,
      labelLimit: 0,
      offset: 8,
    },
  ];
}

const axisStyle = {
  aria: false,
  labelFont: theme.font,
  labelFontSize: theme.smallSize,
  labelColor: theme.ink,
  labelLimit: 0,
  titleFont: theme.font,
  titleFontSize: theme.textSize,
  titleFontWeight: "normal",
  titleColor: theme.ink,
  titleLimit: 0,
  domainColor: theme.frame,
  tickColor: theme.frame,
} as const;

function axesOf(figure: Figure, x: Domain | undefined, y: Domain, size: FrameSize): Axis[] {
  const offset = figure.rugs === undefined || figure.rugs.length === 0 ? 0 : figure.rugs.length * theme.rugHeight + 6;
  const bottom: Axis = {
    ...axisStyle,
    orient: "bottom",
    scale: "x",
    title: wrapText(figure.x.label, theme.textSize, size.width),
    titlePadding: 8,
    offset,
  };
  const left: Axis = {
    ...axisStyle,
    orient: "left",
    scale: "y",
    title: wrapText(figure.y.label, theme.textSize, size.height),
    titlePadding: 10,
  };
  const grid = { grid: true, gridColor: theme.grid, gridWidth: 1 } as const;
  return [
    { ...left, ...grid, ...ticksOf(y, figure.y.scale ?? "linear") },
    "categories" in figure.x || x === undefined
      ? { ...bottom, ...categoryLabels(figure, size), ticks: false, labelPadding: 6 }
      : { ...bottom, ...ticksOf(x, figure.x.scale ?? "linear"), labelFlush: false, labelOverlap: true },
  ];
}

/** Names of categories lie flat where each has the room, and slant where not. */
function categoryLabels({ x }: Figure, { width }: FrameSize): Partial<Axis> {
  if (!("categories" in x)) return {};
  const widest = Math.max(...x.categories.map((name) => textWidth(name, theme.smallSize)));
  if (widest + 6 <= width / x.categories.length) return { labelAngle: 0 };
  return { labelAngle: -35, labelAlign: "right", labelBaseline: "middle" };
}

function titleOf({ title, subtitle }: Figure, width: number): NonNullable<Spec["title"]> {
  const lines = wrapText(title, theme.titleSize, width);
  const below = subtitle === undefined ? [] : wrapText(subtitle, theme.textSize, width);
  return {
    aria: false,
    text: lines,
    ...(below.length > 0 && { subtitle: below }),
    anchor: "start",
    frame: "bounds",
    font: theme.font,
    fontSize: theme.titleSize,
    color: theme.ink,
    subtitleFont: theme.font,
    subtitleFontSize: theme.textSize,
    subtitleColor: theme.softInk,
    subtitlePadding: 5,
    limit: 0,
    offset: 10,
  };
}

/**
 * A checked figure in the drawing library's terms.
 *
 * @param figure The figure.
 * @param size Of the frame; axes, title and legend come around it.
 * @param outer Pixels over all, which title and legend may fill.
 */
export function specOf(figure: Figure, size: FrameSize, outer: number): Spec {
  const { series, x, y, rugs = [] } = figure;
  const across = "categories" in x ? undefined : xDomain(figure, x);
  const up = yDomain(figure);
  const xScale: Scale =
    "categories" in x || across === undefined
      ? { name: "x", type: "band", domain: "categories" in x ? [...x.categories] : [], range: "width", padding: 0.15 }
      : numberScale("x", x, across, "width");
  const ground: NewSignal = {
    name: "ground",
    update: up[0] <= 0 && up[1] >= 0 ? 'scale("y", 0)' : up[1] < 0 ? "0" : "height",
  };
  return {
    ...size,
    padding: theme.padding,
    autosize: { type: "pad" },
    background: theme.paper,
    title: titleOf(figure, outer - 2 * theme.padding),
    signals: [ground],
    data: [
      ...series.map(dataOf),
      ...rugs.map(({ at }, r) => ({ name: `rug${r}`, values: Array.from(at, (value) => ({ at: value })) })),
    ],
    scales: [xScale, numberScale("y", y, up, "height"), ...(series.length < 2 ? [] : legendScales(series))],
    axes: axesOf(figure, across, up, size),
    legends: legendOf(series, outer - 2 * theme.padding),
    marks: [
      {
        type: "group",
        aria: false,
        clip: ("range" in x && x.range !== undefined) || y.range !== undefined, // without ranges nothing lies beyond
        encode: { enter: { width: { signal: "width" }, height: { signal: "height" } } },
        marks: series.flatMap((each, s) => seriesMarks(each, s, figure)),
      },
      ...rugMarks(figure),
      ...annotationMarks(figure, { size, up, across }),
    ],
  };
}
