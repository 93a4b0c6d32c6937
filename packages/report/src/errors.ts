/**
 * What is wrong with a figure or a page: `axis` a scale, range or category; `series` columns of different lengths, an
 * empty or unknown series, a value that is not finite or that its axis can't show; `size` too many points or pixels;
 * `image` something that is no SVG where a page wants one.
 */
export type ReportFault = "axis" | "series" | "size" | "image";

/** A figure or a page can't be drawn as described. */
export class ReportError extends Error {
  override readonly name = "ReportError";
  readonly code: ReportFault;
  /** The series that is to blame, where one is. */
  readonly series: string | undefined;
  /** The 0-based place in it, where one value is to blame. */
  readonly index: number | undefined;

  constructor(code: ReportFault, message: string, { series, index }: { series?: string; index?: number } = {}) {
    super(message);
    this.code = code;
    this.series = series;
    this.index = index;
  }
}
