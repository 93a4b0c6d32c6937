import type { AcceleratorConfig, LayoutSpec, Shape } from "../accelerator.ts";

/** Bit planes of `weave` that are always stored, whatever precision is read. */
export const storedPlanes = 32;

/** Rows of a line of `weave`. */
export const wovenRows = 8;

/** Features of a line of `weave`. */
export const wovenFeatures = 64;

const labelBits = 32;

/** Bits of one feature within a line: both draws of `pairs`. */
export function featureBits(layout: LayoutSpec): number {
  if (layout.kind === "pairs") return 2 * layout.bits;
  return layout.kind === "float32" ? 32 : layout.bits;
}

/**
 * Lines of a row whose label is the last 32-bit word of its last line. For widths that divide 32 this is the host's
 * ⌊⌈width·n/32⌉/16⌋ + 1; the hardware expects ⌈n/E⌉, one less where the label's word would be needed for features.
 */
export function labelledLines(features: number, bits: number, lineBits: number): number {
  const full = Math.floor(lineBits / bits);
  const last = Math.floor((lineBits - labelBits) / bits);
  return 1 + Math.max(0, Math.ceil((features - last) / full));
}

/** Lines, or beats, of a row; of `weave`, of eight rows. */
export function linesPerRow(layout: LayoutSpec, features: number): number {
  if (layout.kind === "weave") return Math.ceil(features / wovenFeatures) * layout.bits;
  if (layout.kind === "beats") return Math.ceil(features / Math.floor(64 / layout.bits)) + 1;
  return labelledLines(features, featureBits(layout), 512);
}

/** The shape of a configuration that has been checked. */
export function shapeOf({ layout, rows, features, platform }: AcceleratorConfig): Shape {
  const woven = layout.kind === "weave";
  const lineBits = layout.kind === "beats" ? 64 : 512;
  const featuresPerLine = woven ? wovenFeatures : Math.floor(lineBits / featureBits(layout));
  const rowsPerGroup = woven ? wovenRows : 1;
  const perRow = linesPerRow(layout, features);
  const groups = Math.ceil(rows / rowsPerGroup);
  const lines = groups * perRow;
  const stored = woven ? groups * Math.ceil(features / wovenFeatures) * storedPlanes : lines;
  // Planes need no multiplier: 8 × 64 gates whatever the platform's lanes.
  const cyclesPerLine = woven ? 1 : Math.ceil(featuresPerLine / platform.lanes);
  const lanes = cyclesPerLine === 1 ? featuresPerLine : platform.lanes;
  return {
    featuresPerLine,
    linesPerRow: perRow,
    lines,
    words: (stored * lineBits) / 32,
    lineBytes: lineBits / 8,
    lanes,
    cyclesPerLine,
    treeLevels: Math.ceil(Math.log2(lanes)),
    rowsPerGroup,
  };
}
