/** How a series looks. Colour is never the only difference: lines differ in their dashes, points in their shapes. */
export interface Look {
  readonly color: string;
  /** Lengths of dashes and gaps in pixels; a solid line has none. */
  readonly dash: readonly number[];
  readonly shape: string;
}

/**
 * Hues that stay apart in the three common kinds of colour blindness, after Okabe and Ito, each dark enough to stand at
 * 3 : 1 or more against white.
 */
export const looks: readonly Look[] = [
  { color: "#0072b2", dash: [], shape: "circle" },
  { color: "#d55e00", dash: [7, 3], shape: "square" },
  { color: "#00805e", dash: [2, 2], shape: "triangle-up" },
  { color: "#a8487f", dash: [9, 3, 2, 3], shape: "diamond" },
  { color: "#2f9fd8", dash: [], shape: "triangle-down" },
  { color: "#a67400", dash: [7, 3], shape: "cross" },
  { color: "#4d4d4d", dash: [2, 2], shape: "triangle-right" },
  { color: "#6a4fb3", dash: [9, 3, 2, 3], shape: "triangle-left" },
];

/** Colours and sizes of what is not data. */
export const theme = {
  font: "Helvetica, Arial, sans-serif",
  ink: "#1a1a1a",
  softInk: "#555555",
  frame: "#8c8c8c",
  grid: "#e6e6e6",
  paper: "#ffffff",
  titleSize: 15,
  textSize: 12,
  smallSize: 11,
  padding: 14,
  rugHeight: 18,
} as const;
