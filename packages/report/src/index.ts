export { type DensityOptions, densityWithLevels, type NamedLevels } from "./density.ts";
export { ReportError, type ReportFault } from "./errors.ts";
export type {
  Annotation,
  AreaSeries,
  AxisScale,
  BarSeries,
  CategoryAxis,
  Figure,
  LineSeries,
  NumberAxis,
  PointSeries,
  Rug,
  RuleAnnotation,
  Series,
  TextAnnotation,
} from "./figure.ts";
export {
  type Block,
  type FigureBlock,
  type Page,
  renderPage,
  type Section,
  type TableBlock,
  type TextBlock,
} from "./page.ts";
export { plot } from "./plot.ts";
