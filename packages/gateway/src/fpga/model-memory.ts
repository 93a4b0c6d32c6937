import type { AcceleratorConfig, Shape } from "./accelerator.ts";
import { type Adders, shiftedProduct, shiftRight } from "./fixed-point.ts";

/** Fraction bits of the columns' centres. */
const centreBits = 15;

/** log₂ of a power of two, 0 … 16. */
function log2(batch: number): number {
  return 31 - Math.clz32(batch);
}

/**
 * The on-chip memories: the model as dot products read it, and beside it what rows write. In the original that is a second
 * model, copied into the first where a mini-batch ends; in the corrected design it is the gradient's sum over the
 * mini-batch, of which the model takes the mean. Both are as long as whole groups of a line's features.
 */
export class ModelMemory {
  /** As read. */
  readonly model: Int32Array;
  /** As written by rows. */
  readonly staged: Int32Array;
  /** Features of one group. */
  readonly width: number;
  readonly groups: number;
  /** Σ centre · model, which the corrected design adds to every dot product. */
  offset = 0;
  /** Sum of the mini-batch's residuals. */
  residuals = 0;
  readonly #config: AcceleratorConfig;
  readonly #adders: Adders;
  readonly #shape: Shape;
  readonly #centre: Int32Array | undefined;
  readonly #planes: number;
  readonly #tree: Int32Array;

  constructor(config: AcceleratorConfig, shape: Shape, adders: Adders) {
    this.#config = config;
    this.#shape = shape;
    this.#adders = adders;
    this.width = shape.featuresPerLine;
    this.groups = Math.ceil(config.features / this.width);
    this.model = new Int32Array(this.groups * this.width);
    this.staged = new Int32Array(this.model.length);
    this.#centre = config.faithful === true ? undefined : config.columns?.centre;
    this.#planes = config.layout.kind === "weave" ? config.layout.bits : 1;
    this.#tree = new Int32Array(2 ** shape.treeLevels);
  }

  /** The group that a line of a row works on. */
  groupOf(place: number): number {
    return this.#planes === 1 ? place : Math.floor(place / this.#planes);
  }

  /** Whether the model is read for a line: once for its features, and held over their planes and a line's parts. */
  isFirstPlane(place: number): boolean {
    return place % this.#planes === 0;
  }

  /** Whether a line is the last of its features: of `weave` the last plane. */
  isLastPlane(place: number): boolean {
    return place % this.#planes === this.#planes - 1;
  }

  /** The model's words of a group: a view; nothing where the line carries the label alone. */
  held(group: number): Int32Array {
    return this.model.subarray(group * this.width, (group + 1) * this.width);
  }

  /** Before the first row: the model as it stands, nothing summed. */
  begin(): void {
    const { faithful = false } = this.#config;
    if (faithful) this.staged.set(this.model);
    else this.staged.fill(0);
    this.residuals = 0;
    this.offset = 0;
    for (let group = 0; group < this.groups; group++) this.#addOffset(group);
  }

  #addOffset(group: number): void {
    if (this.#centre === undefined) return;
    const { cyclesPerLine, lanes, treeLevels } = this.#shape;
    for (let part = 0; part < cyclesPerLine; part++) {
      this.#tree.fill(0);
      for (let lane = 0; lane < lanes; lane++) {
        const within = part * lanes + lane;
        const at = group * this.width + within;
        if (within >= this.width || at >= this.#centre.length) break;
        const product = shiftedProduct(this.#centre[at] as number, this.model[at] as number, centreBits);
        this.#tree[lane] = this.#adders.fit(product);
      }
      this.offset = this.#adders.add(this.offset, this.#adders.tree(this.#tree, treeLevels));
    }
  }

  /** Adds a shifted residual of the mini-batch. */
  addResidual(residual: number): void {
    this.residuals = this.#adders.add(this.residuals, this.#adders.fit(Math.trunc(residual)));
  }

  /** Corrected: a line's contribution to the gradient. */
  addGradient(group: number, words: Int32Array): void {
    if (group >= this.groups) return;
    const base = group * this.width;
    for (let i = 0; i < this.width; i++)
      this.staged[base + i] = this.#adders.add(this.staged[base + i] as number, words[i] as number);
  }

  /** Corrected: one group of the model takes its step, once the mini-batch is over. The first group starts the new offset. */
  update(group: number): void {
    const { batch, columns, features } = this.#config;
    const mean = log2(batch);
    const base = group * this.width;
    if (group === 0) this.offset = 0;
    for (let at = base; at < Math.min(base + this.width, features); at++) {
      let gradient = this.staged[at] as number;
      if (this.#centre !== undefined) {
        const centred = shiftedProduct(this.#centre[at] as number, this.residuals, centreBits);
        gradient = this.#adders.fit(gradient + centred);
      }
      const shift = mean + (columns?.shift?.[at] ?? 0);
      const step = shift < 0 ? this.#adders.fit(gradient * 2 ** -shift) : shiftRight(gradient, shift);
      this.model[at] = this.#adders.subtract(this.model[at] as number, step);
      this.staged[at] = 0;
    }
    this.#addOffset(group);
    if (group === this.groups - 1) this.residuals = 0;
  }

  /** Faithful: a line's contribution reaches the second model, and with the mini-batch's last row the first. */
  subtract(group: number, words: Int32Array, row: number): void {
    if (group >= this.groups) return;
    const base = group * this.width;
    for (let i = 0; i < this.width; i++)
      this.staged[base + i] = this.#adders.subtract(this.staged[base + i] as number, words[i] as number);
    if (this.refreshes(row)) this.refresh(group);
  }

  /** Whether the row's writes reach the model that dot products read. */
  refreshes(row: number): boolean {
    const { batch, rows } = this.#config;
    const mask = (batch - 1) & 0xffff;
    return (row & mask) === mask || row >= rows - 1;
  }

  /** Faithful: copies a group of the second model into the first. */
  refresh(group: number): void {
    const from = group * this.width;
    this.model.set(this.staged.subarray(from, from + this.width), from);
  }
}

/** Shifted residuals: fixed point, or float32 as in the designs whose label is a float32. */
export class ResidualUnit {
  readonly #config: AcceleratorConfig;
  readonly #adders: Adders;
  readonly #shift: number;

  constructor(config: AcceleratorConfig, adders: Adders) {
    this.#config = config;
    this.#adders = adders;
    const folds = config.faithful === true && config.layout.kind === "weave";
    this.#shift = config.stepShift + (folds ? log2(config.batch) : 0);
  }

  /**
   * (dot − label) · 2^−shift, the shift before anything is multiplied.
   *
   * @param dot A word.
   * @param label In units of 2⁻²³: a word, or a multiple of a float32.
   * @returns A word; for float32 lanes a float32 in units of 2⁻²³.
   */
  residual(dot: number, label: number): number {
    const { layout } = this.#config;
    if (layout.kind !== "float32" && layout.kind !== "beats")
      return shiftRight(this.#adders.subtract(dot, label), this.#shift);
    const scaled = Math.fround(Math.fround(Math.fround(dot) - label) / 2 ** this.#shift);
    const floats = layout.kind === "float32" || layout.bits === 32;
    return floats ? scaled : this.#adders.fit(Math.trunc(scaled));
  }
}
