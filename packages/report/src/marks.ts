import type { Data, EncodeEntry, Mark, NumericValueRef } from "vega";
import type { AreaSeries, Figure, LineSeries, PointSeries, Series } from "./figure.ts";
import { type Look, looks, theme } from "./theme.ts";

/** More points than this are drawn small and let others shine through. */
const manyPoints = 400;

/** A line with at most this many values shows each of them. */
const fewValues = 40;

/** The look of the series at a place of the figure. */
export function lookOf(s: number): Look {
  return looks[s % looks.length] as Look;
}

/** The series' values as the library reads them: x, y, low, label. */
export function dataOf(series: Series, s: number): Data {
  const values = Array.from({ length: series.y.length }, (_, i) => ({
    x: series.x[i] as number | string,
    y: series.y[i] as number,
    ...(series.kind === "area" && series.low !== undefined && { low: series.low[i] as number }),
    ...(series.kind === "points" && series.labels !== undefined && { label: series.labels[i] as string }),
  }));
  return { name: `series${s}`, values };
}

/** The middle of a category, or the value's place. */
export function xPlace({ x }: Figure, value: { field: string } | { value: number | string }): NumericValueRef {
  return { scale: "x", ...value, ...("categories" in x && { band: 0.5 }) } as NumericValueRef;
}

const y: NumericValueRef = { scale: "y", field: "y" };

function symbols(figure: Figure, from: { data: string }, look: Look, size: number, opacity: number): Mark {
  return {
    type: "symbol",
    aria: false,
    from,
    encode: {
      enter: {
        x: xPlace(figure, { field: "x" }),
        y,
        size: { value: size },
        shape: { value: look.shape },
        fill: { value: look.color },
        fillOpacity: { value: opacity },
        stroke: { value: theme.paper },
        strokeWidth: { value: size > 30 ? 0.75 : 0 },
      },
    },
  };
}

function lineMarks(series: LineSeries, s: number, figure: Figure): Mark[] {
  const look = lookOf(s);
  const line: Mark = {
    type: "line",
    aria: false,
    from: { data: `series${s}` },
    encode: {
      enter: {
        x: xPlace(figure, { field: "x" }),
        y,
        stroke: { value: look.color },
        strokeWidth: { value: 2 },
        strokeDash: { value: [...look.dash] },
        strokeJoin: { value: "round" },
        interpolate: { value: series.steps ? "step-after" : "linear" },
      },
    },
  };
  const isFew = series.y.length <= fewValues && !series.steps;
  return isFew ? [line, symbols(figure, { data: `series${s}` }, look, 40, 1)] : [line];
}

function pointMarks(series: PointSeries, s: number, figure: Figure): Mark[] {
  const isMany = series.y.length > manyPoints;
  const marks = [symbols(figure, { data: `series${s}` }, lookOf(s), isMany ? 14 : 60, isMany ? 0.45 : 0.9)];
  if (series.labels === undefined) return marks;
  const place = { x: xPlace(figure, { field: "x" }), y, dx: { value: 7 }, dy: { value: -6 } };
  return [...marks, textMark(place, { field: "label" }, { data: `series${s}` })];
}

function areaMark(series: AreaSeries, s: number, figure: Figure): Mark {
  const { color } = lookOf(s);
  const low: NumericValueRef = series.low === undefined ? { signal: "ground" } : { scale: "y", field: "low" };
  return {
    type: "area",
    aria: false,
    from: { data: `series${s}` },
    encode: {
      enter: {
        x: xPlace(figure, { field: "x" }),
        y,
        y2: low,
        fill: { value: color },
        fillOpacity: { value: 0.28 },
        stroke: { value: color },
        strokeWidth: { value: 1 },
        interpolate: { value: series.steps ? "step-after" : "linear" },
      },
    },
  };
}

function barMark(s: number, { series }: Figure): Mark {
  const all = series.flatMap(({ kind }, i) => (kind === "bars" ? [i] : []));
  const place = all.indexOf(s) / all.length;
  return {
    type: "rect",
    aria: false,
    from: { data: `series${s}` },
    encode: {
      enter: {
        x: { scale: "x", field: "x", band: place },
        width: { scale: "x", band: 1 / all.length, offset: -1 },
        y,
        y2: { signal: "ground" },
        fill: { value: lookOf(s).color },
      },
    },
  };
}

/** What a series looks like within the frame. */
export function seriesMarks(series: Series, s: number, figure: Figure): readonly Mark[] {
  switch (series.kind) {
    case "line":
      return lineMarks(series, s, figure);
    case "points":
      return pointMarks(series, s, figure);
    case "area":
      return [areaMark(series, s, figure)];
    case "bars":
      return [barMark(s, figure)];
  }
}

/** Words on a figure, with a rim of paper that keeps them legible over lines. */
export function textMark(
  place: EncodeEntry,
  text: { field: string } | { value: string | string[] },
  from?: { data: string },
): Mark {
  const style = { ...place, text, fontSize: { value: theme.smallSize }, font: { value: theme.font } };
  const of = from === undefined ? {} : { from };
  const rim = { stroke: { value: theme.paper }, strokeWidth: { value: 3 }, fill: { value: theme.paper } };
  return {
    type: "group",
    aria: false,
    marks: [
      { type: "text", aria: false, ...of, encode: { enter: { ...style, ...rim } } },
      { type: "text", aria: false, ...of, encode: { enter: { ...style, fill: { value: theme.ink } } } },
    ],
  };
}

/** Rows of ticks between the frame and its axis; their looks follow those of the series. */
export function rugMarks({ rugs = [], series }: Figure): readonly Mark[] {
  return rugs.flatMap(({ name, isTall = false }, r): Mark[] => {
    const { color } = lookOf(series.length + r);
    const top = r * theme.rugHeight + 4;
    const ticks = (from: string, to: string, width: number, opacity: number): Mark => ({
      type: "rule",
      aria: false,
      from: { data: `rug${r}` },
      encode: {
        enter: {
          x: { scale: "x", field: "at" },
          y: { signal: from },
          y2: { signal: to },
          stroke: { value: color },
          strokeWidth: { value: width },
          strokeOpacity: { value: opacity },
        },
      },
    });
    const label: EncodeEntry = {
      x: { value: -8 },
      y: { signal: `height + ${top + theme.rugHeight / 2}` },
      align: { value: "right" },
      baseline: { value: "middle" },
      text: { value: name },
      fontSize: { value: theme.smallSize },
      font: { value: theme.font },
      fill: { value: color },
    };
    return [
      ...(isTall ? [ticks("0", `height + ${top}`, 1, 0.5)] : []),
      ticks(`height + ${top}`, `height + ${top + theme.rugHeight - 5}`, 2, 1),
      { type: "text", aria: false, encode: { enter: label } },
    ];
  });
}
