import { type Datapath, ExactRows, residualsInto } from "../exact-rows.ts";
import type { FastKernel } from "./kernel.ts";

/**
 * The corrected design group by group: a mini-batch's rows read one model, their gradients are summed, and the model takes
 * the mean. Nothing depends on when, so the schedule is not asked.
 */
export class CorrectedRows {
  readonly #path: Datapath;
  readonly #kernel: FastKernel;
  readonly #exact: ExactRows;
  readonly #dots: Float64Array;
  readonly #residuals: Float64Array;

  constructor(path: Datapath, kernel: FastKernel) {
    this.#path = path;
    this.#kernel = kernel;
    this.#exact = new ExactRows(path);
    this.#dots = new Float64Array(path.lanes.banks);
    this.#residuals = new Float64Array(path.lanes.banks);
    path.memory.begin();
    for (let group = 0; group < path.memory.groups; group++) kernel.refresh(group);
  }

  /** One row; of `weave`, eight. */
  run(group: number): void {
    const { shape, lanes, memory, firstLine } = this.#path;
    const line = firstLine + group * shape.linesPerRow;
    const dots = this.#dots;
    if (this.#kernel.tight) this.#exactDots(group);
    else {
      this.#kernel.dot(line, 0, shape.linesPerRow, dots);
      for (let bank = 0; bank < lanes.banks; bank++) dots[bank] = lanes.dotOf(this.#path.adders, dots[bank] as number);
    }
    residualsInto(this.#path, group, dots, this.#residuals);
    for (let bank = 0; bank < lanes.banks; bank++) memory.addResidual(this.#residuals[bank] as number);
    if (this.#kernel.tightFor(this.#residuals)) this.#exactGradient(group);
    else this.#kernel.add(line, 0, shape.linesPerRow, this.#residuals);
  }

  /** After the last row of a mini-batch. */
  update(): void {
    const { memory } = this.#path;
    for (let group = 0; group < memory.groups; group++) {
      memory.update(group);
      this.#kernel.refresh(group);
    }
  }

  #exactDots(group: number): void {
    for (let place = 0; place < this.#path.shape.linesPerRow; place++) this.#exact.addLine(group, place);
    this.#exact.dotsInto(this.#dots);
  }

  #exactGradient(group: number): void {
    const { shape, memory } = this.#path;
    for (let place = 0; place < shape.linesPerRow; place++) {
      const words = this.#exact.gradientLine(group, place, this.#residuals);
      if (words !== undefined) memory.addGradient(memory.groupOf(place), words);
    }
  }
}
