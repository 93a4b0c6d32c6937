import { type Figure, plot } from "@zipml/report";
import type { LossCurve } from "./races.ts";

/** Left out of the picture, which has room for eight. */
const hidden: ReadonlySet<string> = new Set(["c-hogwild-batch-all"]);

/** What the picture shows of an excess that is no larger: the models differ by chance there. */
const floor = 1e-4;

/** Loss against time as in the paper's figure 5, of one shape; undefined without curves. */
export function drawCurves(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  curves: readonly LossCurve[],
): Promise<string> | undefined {
  const shown = curves.filter(({ id }) => !hidden.has(id));
  if (shown.length === 0) return undefined;
  const figure: Figure = {
    title: "Loss against time",
    subtitle: `synthetic ${columns}, ${rows} rows; a point an epoch, the step halved after each; 0.01 % and less at the lower edge`,
    x: { label: "time in epochs (s)", scale: "log" },
    y: { label: "loss above the optimum's (%)", scale: "log", include: [100 * floor, 100] },
    series: shown.map(({ id, points }) => ({
      kind: "line",
      name: id,
      x: points.map(({ seconds }) => seconds),
      y: points.map(({ loss }) => 100 * Math.max(loss - 1, floor)),
    })),
    annotations: [{ kind: "rule", axis: "y", at: 1, label: "1 %" }],
    width: 960,
    height: 600,
  };
  return plot(figure);
}
