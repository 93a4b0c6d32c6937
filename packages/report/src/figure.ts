/** How an axis places its values. "sqrt" keeps small values visible beside large ones, and shows 0, which "log" can't. */
export type AxisScale = "linear" | "log" | "sqrt";

/** An axis of numbers. */
export interface NumberAxis {
  /** What is shown, with its unit: `loss (kWh²)`. */
  readonly label: string;
  /** Default "linear". "log" needs values above 0, "sqrt" values of at least 0. */
  readonly scale?: AxisScale;
  /** From and to, in the axis's unit. Default: what the data fill. Marks beyond it are cut off at the frame. */
  readonly range?: readonly [number, number];
  /** The least range, in the axis's unit, widened to what the data fill; `[0, 0]` starts an axis at zero. */
  readonly include?: readonly [number, number];
}

/** An axis of named places, in this order. */
export interface CategoryAxis {
  readonly label: string;
  readonly categories: readonly string[];
}

/** What series have in common: columns of the same length, at least one value, all finite. */
interface Columns {
  /** Shown in the legend. Unique in a figure. */
  readonly name: string;
  /** Numbers, or categories where the x axis has them. */
  readonly x: ArrayLike<number> | readonly string[];
  readonly y: ArrayLike<number>;
}

/** A line through its points in the order given. */
export interface LineSeries extends Columns {
  readonly kind: "line";
  /** Draws each value as a level that holds from its x to the next one's. */
  readonly steps?: boolean;
}

/** Points on their own. */
export interface PointSeries extends Columns {
  readonly kind: "points";
  /** A text beside each point, as many as there are points; empty ones are left out. */
  readonly labels?: readonly string[];
}

/** A filled area between y and `low`, or the axis's lower end. */
export interface AreaSeries extends Columns {
  readonly kind: "area";
  readonly low?: ArrayLike<number>;
  readonly steps?: boolean;
}

/** Bars from 0, side by side where there are several series. The x axis must have categories. */
export interface BarSeries extends Columns {
  readonly kind: "bars";
}

/** One thing that is drawn, with a name, a colour and a shape of its own. */
export type Series = LineSeries | PointSeries | AreaSeries | BarSeries;

/** A straight line across the frame at one value. */
export interface RuleAnnotation {
  readonly kind: "rule";
  /** The axis on which `at` lies. */
  readonly axis: "x" | "y";
  readonly at: number;
  readonly label?: string;
}

/** Words at a place. */
export interface TextAnnotation {
  readonly kind: "text";
  readonly x: number | string;
  readonly y: number;
  readonly text: string;
}

/** Something said about the figure, in it. */
export type Annotation = RuleAnnotation | TextAnnotation;

/** A row of ticks between the frame and the x axis, named at its left. */
export interface Rug {
  readonly name: string;
  /** Values of the x axis, which must be one of numbers. */
  readonly at: ArrayLike<number>;
  /** Carries the ticks up through the frame as thin lines. */
  readonly isTall?: boolean;
}

/** A figure, described. {@link plot} draws it. */
export interface Figure {
  readonly title: string;
  /** One more line under the title, smaller. */
  readonly subtitle?: string;
  /** What a reader who can't see it should know. Default: the title and the names of the series. */
  readonly description?: string;
  readonly x: NumberAxis | CategoryAxis;
  readonly y: NumberAxis;
  /** At least one and at most eight: more can't be told apart. */
  readonly series: readonly Series[];
  readonly annotations?: readonly Annotation[];
  readonly rugs?: readonly Rug[];
  /** Pixels, 240 to 4,000. Default 720. */
  readonly width?: number;
  /** Pixels, 160 to 4,000. Default 420. */
  readonly height?: number;
}
