import type { AcceleratorConfig, Shape } from "./accelerator.ts";
import { checkConfig } from "./check-config.ts";
import { shapeOf, wovenRows } from "./layouts/shape.ts";

/** What a configuration takes of the chip, by the formulas of {@link estimateResources}. */
export interface ResourceEstimate {
  readonly lanes: number;
  /** Multipliers of 18 × 18 bits. */
  readonly multipliers: number;
  /** Blocks of RAM, by what is in them. */
  readonly blocks: {
    readonly model: number;
    readonly columns: number;
    readonly rowFifo: number;
    readonly reorder: number;
    readonly labels: number;
  };
  readonly totalBlocks: number;
  /** Whether both are within the platform's budget. */
  readonly fits: boolean;
  /** What the formulas take for granted. */
  readonly assumptions: readonly string[];
}

/** What the formulas take for granted. */
const assumptions: readonly string[] = Object.freeze([
  "a word of 32 bits times a code of 3 to 17 bits takes two multipliers of 18 × 18 bits; codes of 1 and 2 bits and bit planes take gates",
  "a float32 product takes four such multipliers, and a residual in float32 four",
  "centred columns take two multipliers a lane; gradient and dot product have lanes of their own",
  "a memory takes whole blocks: width over the block's widest port times depth over its depth there",
  "adders, shifts and control take logic, which is not estimated",
]);

/** Multipliers of one product in a lane. */
function perProduct({ layout }: AcceleratorConfig): number {
  if (layout.kind === "float32" || (layout.kind === "beats" && layout.bits === 32)) return 4;
  if (layout.kind === "weave") return 0;
  return layout.bits <= 2 ? 0 : 2;
}

function multipliersOf(config: AcceleratorConfig, { lanes }: Shape): number {
  const centred = config.columns?.centre === undefined ? 0 : 2 * lanes;
  const floatResidual = config.layout.kind === "float32" || config.layout.kind === "beats" ? 4 : 0;
  return 2 * lanes * perProduct(config) + centred + floatResidual;
}

/**
 * What a configuration takes of the chip: an estimate from formulas, not from a synthesis.
 *
 * Multipliers: 2 · lanes · (0, 2 or 4), for dot product and gradient. Blocks of RAM: two models a group of features wide,
 * centre and shift of every column (17 + 6 bits), the FIFO of lines (of pairs the second draws alone), the reorder buffer,
 * the labels that wait.
 *
 * @throws {@link AcceleratorError} as for making an accelerator.
 */
export function estimateResources(config: AcceleratorConfig): ResourceEstimate {
  checkConfig(config);
  const { platform, layout, features, columns } = config;
  const { budget } = platform;
  const shape = shapeOf(config);
  const blocksOf = (width: number, depth: number): number =>
    width === 0 ? 0 : Math.ceil(width / budget.blockWidth) * Math.ceil(depth / budget.blockDepth);
  const groups = Math.ceil(features / shape.featuresPerLine);
  const lineBits = 8 * shape.lineBytes;
  const rows = layout.kind === "weave" ? wovenRows : 1;
  const columnBits = (columns?.centre === undefined ? 0 : 17) + (columns?.shift === undefined ? 0 : 6);
  const blocks = {
    model: 2 * blocksOf(shape.featuresPerLine * 32, groups),
    columns: blocksOf(columnBits * shape.featuresPerLine, groups),
    rowFifo: blocksOf(layout.kind === "pairs" ? lineBits / 2 : lineBits, platform.rowFifo),
    reorder: blocksOf(lineBits, platform.reorderDepth),
    labels: blocksOf(32 * rows, Math.ceil(platform.rowFifo / shape.linesPerRow)),
  };
  const totalBlocks = Object.values(blocks).reduce((sum, count) => sum + count, 0);
  const multipliers = multipliersOf(config, shape);
  const fits = multipliers <= budget.multipliers && totalBlocks <= budget.blocks;
  return { lanes: shape.lanes, multipliers, blocks, totalBlocks, fits, assumptions };
}
