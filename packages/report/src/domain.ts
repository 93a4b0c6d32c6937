import type { Axis } from "vega";
import type { AxisScale, Figure, NumberAxis } from "./figure.ts";

/** From and to, in an axis's unit. */
export type Domain = readonly [number, number];

function spread(values: readonly ArrayLike<number>[], start: Domain | undefined): Domain {
  let [low, high] = start ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const column of values) {
    for (let i = 0; i < column.length; i++) {
      const value = column[i] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/** Makes room around the data, and some for a single value. */
function padded([low, high]: Domain, scale: AxisScale, share: number): Domain {
  if (scale === "log") {
    const factor = low === high ? 2 : (high / low) ** share;
    return [low / factor, high * factor];
  }
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * share;
  return scale === "sqrt" ? [Math.max(0, low - room), high + room] : [low - room, high + room];
}

/** From and to of the x axis of a figure without categories. */
export function xDomain({ series, annotations = [], rugs = [] }: Figure, axis: NumberAxis): Domain {
  if (axis.range !== undefined) return axis.range;
  const columns = series.map(({ x }) => x as ArrayLike<number>);
  const rules = annotations.flatMap((note) => (note.kind === "rule" && note.axis === "x" ? [[note.at]] : []));
  const filled = spread([...columns, ...rugs.map(({ at }) => at), ...rules], axis.include);
  const hasPoints = series.some(({ kind }) => kind === "points");
  return padded(filled, axis.scale ?? "linear", hasPoints || filled[0] === filled[1] ? 0.03 : 0);
}

/** From and to of the y axis; bars and areas without a lower edge stand on 0 where there is one. */
export function yDomain({ series, annotations = [], y: axis }: Figure): Domain {
  if (axis.range !== undefined) return axis.range;
  const scale = axis.scale ?? "linear";
  const isGrounded = series.some(({ kind, ...rest }) => kind === "bars" || (kind === "area" && !("low" in rest)));
  const columns = series.flatMap((each) => (each.kind === "area" && each.low ? [each.y, each.low] : [each.y]));
  const rules = annotations.flatMap((note) => (note.kind === "rule" && note.axis === "y" ? [[note.at]] : []));
  const ground = isGrounded && scale !== "log" ? [[0]] : [];
  const [low, high] = spread([...columns, ...rules, ...ground], axis.include);
  const [from, to] = padded([low, high], scale, 0.05);
  if (scale === "log") return [from, to];
  const standsOnZero = isGrounded && low === 0;
  return [standsOnZero || (low >= 0 && from < 0) ? 0 : from, isGrounded && high === 0 ? 0 : to];
}

/** Powers of ten within a domain, with 2 and 5 times each where there are few. */
function logTicks([low, high]: Domain): number[] {
  const decades = Math.log10(high / low);
  const steps = decades > 2.5 ? [1] : [1, 2, 5];
  const every = Math.max(1, Math.ceil(decades / 8));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (power % every !== 0) continue;
    for (const step of steps) {
      const tick = Number(`${step}e${power}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number between 1 and 10 times a power of ten: 10⁻⁵, 2·10⁷. */
function withPower(value: number): string {
  const [factor, power] = value.toExponential().split("e") as [string, string];
  const raised = String(Math.abs(Number(power))).replace(/\d/g, (digit) => superscripts[Number(digit)] ?? "");
  return `${factor === "1" ? "" : `${factor}·`}10${Number(power) < 0 ? "⁻" : ""}${raised}`;
}

function labelled(values: readonly number[]): Partial<Axis> {
  const labels = Object.fromEntries(values.map((value) => [String(value), withPower(value)]));
  return { encode: { labels: { update: { text: { signal: `${JSON.stringify(labels)}[datum.value]` } } } } };
}

/** Where an axis's ticks stand and how they read, where the library's own choice is no good. */
export function ticksOf(domain: Domain, scale: AxisScale): Partial<Axis> {
  const [low, high] = domain;
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (scale !== "log") {
    const isFarOut = (largest >= 1e9 || largest < 1e-4) && high - low > largest * 0.05;
    const text = { signal: 'datum.value === 0 ? "0" : format(datum.value, ".3~e")' };
    return { tickCount: 6, ...(isFarOut && { encode: { labels: { update: { text } } } }) };
  }
  const values = logTicks(domain);
  if (values.length < 2) return { tickCount: 4, format: low >= 1e-4 && high < 1e7 ? ",~r" : ".3~e" };
  return low >= 1e-4 && high < 1e7 ? { values, format: ",~r" } : { values, ...labelled(values) };
}
