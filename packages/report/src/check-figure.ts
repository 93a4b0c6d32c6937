import { ReportError } from "./errors.ts";
import type { Annotation, Figure, NumberAxis, Series } from "./figure.ts";
import { looks } from "./theme.ts";

/** Points in one figure: beyond it an SVG is too large to look at. */
const mostPoints = 50_000;

function checkSize(name: string, pixels: number, least: number): void {
  if (!(Number.isInteger(pixels) && pixels >= least && pixels <= 4000))
    throw new ReportError("size", `${name} must be a whole number from ${least} to 4000 pixels, not ${pixels}`);
}

function checkAxis(name: string, { scale = "linear", range, include }: NumberAxis): void {
  for (const pair of [range, include]) {
    if (pair === undefined) continue;
    const [low, high] = pair;
    if (!Number.isFinite(low) || !Number.isFinite(high) || low > high || (pair === range && low === high))
      throw new ReportError("axis", `the ${name} axis can't run from ${low} to ${high}`);
    for (const end of pair) checkPlace(`the ${name} axis's end`, end, scale);
  }
}

function checkPlace(what: string, value: number, scale: string, at: { series?: string; index?: number } = {}): void {
  const fault = Number.isFinite(value)
    ? (scale === "log" && value <= 0 && "must be above 0 on a log axis") ||
      (scale === "sqrt" && value < 0 && "must be at least 0 on a sqrt axis")
    : "must be finite";
  if (fault !== false) throw new ReportError("series", `${what} ${fault}, not ${value}`, at);
}

function checkX(value: number | string | undefined, { x }: Figure, what: string, at = {}): void {
  if ("categories" in x) {
    if (typeof value !== "string" || !x.categories.includes(value))
      throw new ReportError("axis", `${what} must be one of the x axis's categories, not ${value}`, at);
  } else if (typeof value !== "number") throw new ReportError("axis", `${what} must be a number, not ${value}`, at);
  else checkPlace(what, value, x.scale ?? "linear", at);
}

function checkColumns(series: Series, figure: Figure): void {
  const { name, x, y } = series;
  const title = JSON.stringify(name);
  const more = (series.kind === "area" && series.low) || (series.kind === "points" && series.labels) || y;
  if (x.length !== y.length || more.length !== y.length)
    throw new ReportError("series", `the columns of ${title} differ in length`, { series: name });
  if (y.length === 0) throw new ReportError("series", `${title} is empty`, { series: name });
  const scale = figure.y.scale ?? "linear";
  for (let i = 0; i < y.length; i++) {
    const at = { series: name, index: i };
    checkX(x[i], figure, `${title}: x of value ${i}`, at);
    checkPlace(`${title}: y of value ${i}`, y[i] as number, scale, at);
    if (series.kind === "area" && series.low !== undefined)
      checkPlace(`${title}: low of value ${i}`, series.low[i] as number, scale, at);
  }
}

function checkSeries(figure: Figure): void {
  const { series, x } = figure;
  if (series.length < 1 || series.length > looks.length)
    throw new ReportError("series", `a figure shows 1 to ${looks.length} series, not ${series.length}`);
  const points = series.reduce((sum, { y }) => sum + y.length, 0);
  if (points > mostPoints) throw new ReportError("size", `${points} points are more than ${mostPoints}`);
  for (const [s, each] of series.entries()) {
    if (series.findIndex(({ name }) => name === each.name) !== s)
      throw new ReportError("series", `two series are called ${JSON.stringify(each.name)}`, { series: each.name });
    if (each.kind === "bars" && !("categories" in x))
      throw new ReportError("axis", `bars need an x axis with categories: ${JSON.stringify(each.name)}`, {
        series: each.name,
      });
    if (each.kind === "bars" && figure.y.scale === "log")
      throw new ReportError("axis", "bars start at 0, which a log axis does not have", { series: each.name });
    checkColumns(each, figure);
  }
}

function checkAnnotation(annotation: Annotation, figure: Figure): void {
  const scale = figure.y.scale ?? "linear";
  if (annotation.kind === "rule") {
    if (annotation.axis === "x") checkX(annotation.at, figure, "a rule's place");
    else checkPlace("a rule's place", annotation.at, scale);
    return;
  }
  checkX(annotation.x, figure, "a text's x");
  checkPlace("a text's y", annotation.y, scale);
}

/**
 * Checks all that a figure says before anything is drawn.
 *
 * @throws {@link ReportError} with what was wrong and where.
 */
export function checkFigure(figure: Figure): void {
  const { x, y, width = 720, height = 420, annotations = [], rugs = [] } = figure;
  checkSize("width", width, 240);
  checkSize("height", height, 160);
  if (!("categories" in x)) checkAxis("x", x);
  else if (x.categories.length === 0 || new Set(x.categories).size !== x.categories.length)
    throw new ReportError("axis", "the x axis's categories must be at least one, all different");
  checkAxis("y", y);
  checkSeries(figure);
  for (const annotation of annotations) checkAnnotation(annotation, figure);
  for (const { name, at } of rugs)
    for (let i = 0; i < at.length; i++) checkX(at[i], figure, `${JSON.stringify(name)}: tick ${i}`);
}
