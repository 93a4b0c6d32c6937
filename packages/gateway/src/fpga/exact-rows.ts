import type { AcceleratorConfig, Shape } from "./accelerator.ts";
import type { Adders } from "./fixed-point.ts";
import type { Lanes } from "./lanes.ts";
import type { ModelMemory, ResidualUnit } from "./model-memory.ts";

/** What computes an epoch's numbers. */
export interface Datapath {
  readonly config: AcceleratorConfig;
  readonly shape: Shape;
  readonly adders: Adders;
  readonly lanes: Lanes;
  readonly memory: ModelMemory;
  readonly residual: ResidualUnit;
  /** Number, in the copies, of the first line of this epoch. */
  readonly firstLine: number;
}

/** Shifted residuals of a group's rows from their dot products; rows that only fill up a group have none. */
export function residualsInto(path: Datapath, group: number, dots: ArrayLike<number>, out: Float64Array): void {
  const { config, shape, adders, lanes, memory, residual, firstLine } = path;
  const labelLine = firstLine + (group + 1) * shape.linesPerRow - 1;
  for (let bank = 0; bank < lanes.banks; bank++) {
    if (group * shape.rowsPerGroup + bank >= config.rows) {
      out[bank] = 0;
      continue;
    }
    const dot = memory.offset === 0 ? (dots[bank] as number) : adders.add(dots[bank] as number, memory.offset);
    out[bank] = residual.residual(dot, lanes.label(labelLine, bank));
  }
}

/** Rows with every addition in the hardware's order, for sums that may leave 32 bits. */
export class ExactRows {
  readonly #path: Datapath;
  readonly #products: Int32Array;
  readonly #words: Int32Array;
  readonly #totals: Float64Array;

  constructor(path: Datapath) {
    this.#path = path;
    this.#products = new Int32Array(path.lanes.banks * 2 ** path.shape.treeLevels);
    this.#words = new Int32Array(path.memory.width);
    this.#totals = new Float64Array(path.lanes.banks);
  }

  /** One line's share of its group's sums, which start over with the group's first line. */
  addLine(group: number, place: number): void {
    const { shape, adders, lanes, memory, firstLine } = this.#path;
    if (place === 0) this.#totals.fill(0);
    const line = firstLine + group * shape.linesPerRow + place;
    const held = memory.held(memory.groupOf(place));
    const size = 2 ** shape.treeLevels;
    for (let part = 0; part < shape.cyclesPerLine; part++) {
      lanes.products(adders, line, place, held, part, this.#products);
      for (let bank = 0; bank < lanes.banks; bank++) {
        const sum = adders.tree(this.#products.subarray(bank * size, (bank + 1) * size), shape.treeLevels);
        this.#totals[bank] = lanes.accumulate(adders, this.#totals[bank] as number, sum, place);
      }
    }
  }

  /** Goes on from sums that were made elsewhere. */
  takeOver(totals: Float64Array): void {
    this.#totals.set(totals);
  }

  /** The group's dot products, after its last line. */
  dotsInto(out: Float64Array): void {
    const { adders, lanes } = this.#path;
    for (let bank = 0; bank < lanes.banks; bank++) out[bank] = lanes.dotOf(adders, this.#totals[bank] as number);
  }

  /** What a line adds to the gradient: a view, good until the next call; nothing while planes of the features follow. */
  gradientLine(group: number, place: number, residuals: Float64Array): Int32Array | undefined {
    const { shape, adders, lanes, memory, firstLine } = this.#path;
    const line = firstLine + group * shape.linesPerRow + place;
    const held = memory.held(memory.groupOf(place));
    return lanes.gradient(adders, line, place, residuals, held, this.#words) ? this.#words : undefined;
  }
}
