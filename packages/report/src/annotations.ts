import type { EncodeEntry, Mark } from "vega";
import type { Domain } from "./domain.ts";
import type { AxisScale, Figure, RuleAnnotation } from "./figure.ts";
import { textMark, xPlace } from "./marks.ts";
import { textWidth, wrapText } from "./text-width.ts";
import { theme } from "./theme.ts";

/** What a place in the frame follows from. */
export interface Layout {
  readonly size: { readonly width: number; readonly height: number };
  readonly up: Domain;
  /** None where the x axis has categories. */
  readonly across: Domain | undefined;
}

/** Where a rule's words stand: pixels from the frame's left upper corner, and which way they run from there. */
interface Spot {
  readonly x: number;
  readonly y: number;
  readonly align: "left" | "right";
}

/** Points between two values of a line that are looked at for words in the way. */
const between = 8;

/** Pixels a line of words in the margin may take, and from one line to the next. */
const [marginWidth, lineHeight] = [90, 13];

/** A value's share of the way along its axis. */
function shareOf(value: number, [low, high]: Domain, scale: AxisScale): number {
  const bend = scale === "log" ? Math.log : scale === "sqrt" ? Math.sqrt : (v: number) => v;
  return (bend(value) - bend(low)) / (bend(high) - bend(low));
}

/** The series' points in pixels, with some between the values of lines. */
function inkOf(figure: Figure, { size, up, across }: Layout): (readonly [number, number])[] {
  const ink: (readonly [number, number])[] = [];
  for (const { kind, x, y } of figure.series) {
    const place = (i: number) => {
      const [at, categories] = [x[i], "categories" in figure.x ? figure.x.categories : []];
      const along =
        across === undefined
          ? (categories.indexOf(String(at)) + 0.5) / categories.length
          : shareOf(Number(at), across, ("scale" in figure.x && figure.x.scale) || "linear");
      return [along * size.width, (1 - shareOf(y[i] as number, up, figure.y.scale ?? "linear")) * size.height] as const;
    };
    for (let i = 0; i < y.length; i++) {
      const [toX, toY] = place(i);
      const [fromX, fromY] = kind === "points" || i === 0 ? [toX, toY] : place(i - 1);
      for (let part = 1; part <= between; part++)
        ink.push([fromX + ((toX - fromX) * part) / between, fromY + ((toY - fromY) * part) / between]);
    }
  }
  return ink;
}

/** The first of the spots whose words cover the least of the data, and how much that is. */
function calmest(spots: readonly Spot[], label: string, figure: Figure, layout: Layout) {
  const ink = inkOf(figure, layout);
  const width = textWidth(label, theme.smallSize);
  const covered = ({ x, y, align }: Spot): number => {
    const left = align === "left" ? x : x - width;
    return ink.filter(([px, py]) => px > left - 3 && px < left + width + 3 && py > y - 13 && py < y + 5).length;
  };
  const counts = spots.map(covered);
  const covers = Math.min(...counts);
  return { spot: spots[counts.indexOf(covers)] as Spot, covers };
}

function spotsOf({ axis, at }: RuleAnnotation, figure: Figure, { size, up, across }: Layout): Spot[] {
  const { width, height } = size;
  if (axis === "y") {
    const y = (1 - shareOf(at, up, figure.y.scale ?? "linear")) * height;
    const rows = [y - 5, y + 14].filter((row) => row > 10 && row < height - 2);
    return (rows.length === 0 ? [y - 5] : rows).flatMap((row): Spot[] => [
      { x: width - 5, y: row, align: "right" },
      { x: 5, y: row, align: "left" },
    ]);
  }
  const x = shareOf(at, across ?? [0, 1], ("scale" in figure.x && figure.x.scale) || "linear") * width;
  const side = { x: x > width / 2 ? x - 5 : x + 5, align: x > width / 2 ? "right" : "left" } as const;
  return [12, height - 8, height / 2].map((y) => ({ ...side, y }));
}

/** A straight line across, with its words where they hide the least. */
function ruleMarks(note: RuleAnnotation, figure: Figure, layout: Layout): readonly Mark[] {
  const { axis, at, label } = note;
  const across: EncodeEntry =
    axis === "x"
      ? { x: { scale: "x", value: at }, y: { value: 0 }, y2: { signal: "height" } }
      : { y: { scale: "y", value: at }, x: { value: 0 }, x2: { signal: "width" } };
  const stroke = { stroke: { value: theme.softInk }, strokeWidth: { value: 1 }, strokeDash: { value: [4, 3] } };
  const rule: Mark = { type: "rule", aria: false, encode: { enter: { ...across, ...stroke } } };
  if (label === undefined) return [rule];
  return [rule, ruleText(note, label, figure, layout)];
}

/** A rule's words: within the frame where they hide no data, else those of a level one in the margin beside it. */
function ruleText(note: RuleAnnotation, label: string, figure: Figure, layout: Layout): Mark {
  const { spot, covers } = calmest(spotsOf(note, figure, layout), label, figure, layout);
  const { x, y, align } = spot;
  if (note.axis === "x" || covers === 0)
    return textMark({ x: { value: x }, y: { value: y }, align: { value: align } }, { value: label });
  const lines = wrapText(label, theme.smallSize, marginWidth);
  const middle = (1 - shareOf(note.at, layout.up, figure.y.scale ?? "linear")) * layout.size.height;
  const top = middle - ((lines.length - 1) * lineHeight) / 2;
  const place = { x: { value: layout.size.width + 6 }, y: { value: top }, baseline: { value: "middle" } } as const;
  return textMark({ ...place, lineHeight: { value: lineHeight } }, { value: lines });
}

/** Rules and words, in the order of the figure. */
export function annotationMarks(figure: Figure, layout: Layout): readonly Mark[] {
  return (figure.annotations ?? []).flatMap((note) => {
    if (note.kind === "rule") return ruleMarks(note, figure, layout);
    const place = { x: xPlace(figure, { value: note.x }), y: { scale: "y", value: note.y } };
    return [textMark({ ...place, align: { value: "center" }, dy: { value: -6 } }, { value: note.text })];
  });
}
