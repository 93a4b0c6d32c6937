import type { Block, Figure, Section } from "@zipml/report";
import { emulationTable, type Grid, platformWords, shapeNotes, tablesOf } from "./report-tables.ts";
import type { Curve, FpgaReport, ShapeReport } from "./run-report.ts";

const size = { width: 960, height: 460 } as const;

function lossFigure(clock: "modelled" | "measured", { rows, features }: ShapeReport, curves: readonly Curve[]): Figure {
  const isMeasured = clock === "measured";
  return {
    ...size,
    title: `Loss against ${clock} time, ${rows} rows of ${features} features`,
    subtitle: isMeasured
      ? "engines on this machine; every epoch counted with the seconds of the shortest"
      : "the card; seconds that its model gives, losses of the emulation",
    x: { label: `time in epochs (s, ${clock})` },
    y: { label: "training loss, 1 − R² on exact rows", scale: "log" },
    series: curves.map(({ name, seconds, losses }) => ({ kind: "line", name, x: seconds, y: losses })),
  };
}

function epochFigure({ rows, features, modelled }: ShapeReport): Figure {
  const { layouts } = modelled;
  const categories = layouts.map(({ name }) => name);
  const y = layouts.map(({ modelledSeconds }) => 1000 * modelledSeconds);
  return {
    ...size,
    title: `Modelled time of an epoch, ${rows} rows of ${features} features`,
    x: { label: "layout", categories },
    y: { label: "time of an epoch (ms, modelled)", include: [0, 0] },
    series: [{ kind: "bars", name: "modelled", x: categories, y }],
  };
}

/** Curves that can be drawn on a logarithmic axis; a descent that diverged has losses that can't. */
const drawable = (curves: readonly Curve[]): readonly Curve[] =>
  curves.filter(
    ({ losses, seconds }) => [...losses, ...seconds].every(Number.isFinite) && losses.every((loss) => loss > 0),
  );

/** Figures of a shape: of the card, then of this machine; never both in one. */
function figuresOf(shape: ShapeReport): readonly Figure[] {
  const [card, machine] = [drawable(shape.modelled.curves), drawable(shape.measured.curves)];
  return [
    ...(shape.modelled.layouts.length > 0 ? [epochFigure(shape)] : []),
    ...(card.length > 0 ? [lossFigure("modelled", shape, card)] : []),
    ...(machine.length > 0 ? [lossFigure("measured", shape, machine)] : []),
  ];
}

function largestOf({ shapes }: FpgaReport): ShapeReport | undefined {
  const sized = [...shapes].sort((a, b) => b.rows * b.features - a.rows * a.features);
  return sized.find(({ measured }) => measured.curves.length > 0) ?? sized[0];
}

/** One document below the other. Names of parts get the panel's own, as all share one document. */
function stacked(panels: readonly string[]): string {
  const { width, height } = size;
  const placed = panels.map((svg, i) =>
    svg.replace(/(\bid="|url\(#)/g, `$1panel${i}-`).replace("<svg", () => `<svg x="0" y="${i * height}"`),
  );
  const total = height * panels.length;
  const frame = `width="${width}" height="${total}" viewBox="0 0 ${width} ${total}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${frame}>${placed.join("")}</svg>\n`;
}

/**
 * Loss against time for the largest shape that was trained on, the card's panel above this machine's; for a card that is not trained
 * on, time of an epoch.
 *
 * @returns An SVG document.
 */
export async function drawFpgaReport(report: FpgaReport): Promise<string> {
  const { plot } = await import("@zipml/report");
  const shape = largestOf(report);
  const figures = shape === undefined ? [] : figuresOf(shape);
  const wanted = figures.length > 2 ? figures.slice(1) : figures;
  const panels: string[] = [];
  for (const figure of wanted) panels.push(await plot(figure));
  return stacked(panels);
}

const tableBlock = ({ caption, head, rows }: Grid): Block => ({ kind: "table", caption, head, rows });

/** The report as one page that needs nothing beside it. */
export async function fpgaPage(report: FpgaReport): Promise<string> {
  const { plot, renderPage } = await import("@zipml/report");
  const sections: Section[] = [];
  for (const shape of report.shapes) {
    const blocks: Block[] = tablesOf(shape).map(tableBlock);
    for (const figure of figuresOf(shape)) blocks.push({ kind: "figure", svg: await plot(figure), alt: figure.title });
    const notes = shapeNotes(shape);
    if (notes.length > 0) blocks.push({ kind: "text", text: notes.join("\n\n") });
    sections.push({ heading: `${shape.rows} rows of ${shape.features} features`, blocks });
  }
  sections.push({ heading: "The emulation", blocks: [tableBlock(emulationTable(report.emulation))] });
  return renderPage({
    title: "A card for low-precision training, modelled",
    lead: `${platformWords(report)} Modelled figures repeat to the bit; measured ones are this machine's and differ from run to run.`,
    sections,
  });
}
