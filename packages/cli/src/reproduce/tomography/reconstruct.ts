import { createStream, type Stream } from "@zipml/codec";
import type { SystemRows } from "./system.ts";

/** What a reconstruction follows. */
export interface ReconstructOptions {
  readonly epochs: number;
  /** First step, in units of the least step that can be too large for a projection; epoch e takes its e-th part. */
  readonly step: number;
  readonly seed: number | string;
  /** Told the image after each epoch; it may not be kept. */
  onEpoch?(epoch: number, image: Float64Array): void;
}

/** One over a bound of the largest eigenvalue of a projection's AᵀA: the largest row sum times the largest column sum. */
function unitStep({ projector: { geometry, offsets, pixels, lengths } }: SystemRows): number {
  let largest = 0;
  for (let projection = 0; projection < geometry.angles; projection++) {
    const columns = new Float64Array(geometry.size ** 2);
    let [row, column] = [0, 0];
    for (let r = projection * geometry.beams; r < (projection + 1) * geometry.beams; r++) {
      let sum = 0;
      for (let k = offsets[r] as number; k < (offsets[r + 1] as number); k++) {
        const pixel = pixels[k] as number;
        sum += lengths[k] as number;
        columns[pixel] = (columns[pixel] as number) + (lengths[k] as number);
        column = Math.max(column, columns[pixel] as number);
      }
      row = Math.max(row, sum);
    }
    largest = Math.max(largest, row * column);
  }
  return 1 / largest;
}

function shuffled(count: number, stream: Stream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    const other = order[j] as number;
    order[j] = order[i] as number;
    order[i] = other;
  }
  return order;
}

/** Adds the gradient of ½ Σ (a·x − b)² over a projection's beams: m(m·x − b) − d ⊙ x each, the symmetric estimator. */
function addGradient(system: SystemRows, projection: number, image: Float64Array, gradient: Float64Array): void {
  const { projector, lengths, spreads, measured } = system;
  const { offsets, pixels, geometry } = projector;
  for (let r = projection * geometry.beams; r < (projection + 1) * geometry.beams; r++) {
    const [from, to] = [offsets[r] as number, offsets[r + 1] as number];
    let residual = -(measured[r] as number);
    for (let k = from; k < to; k++) residual += (lengths[k] as number) * (image[pixels[k] as number] as number);
    for (let k = from; k < to; k++) {
      const pixel = pixels[k] as number;
      gradient[pixel] = (gradient[pixel] as number) + residual * (lengths[k] as number);
    }
    if (spreads === undefined) continue;
    for (let k = from; k < to; k++) {
      const pixel = pixels[k] as number;
      gradient[pixel] = (gradient[pixel] as number) - (spreads[k] as number) * (image[pixel] as number);
    }
  }
}

/**
 * The image whose line integrals come closest to those measured: least squares by mini-batch descent, a mini-batch being
 * the beams of one projection, in random order each epoch; densities are held at 0 and above by a proximal step (the
 * paper's equation 2).
 *
 * @returns Densities, size × size.
 */
export function reconstruct(system: SystemRows, { epochs, step, seed, onEpoch }: ReconstructOptions): Float64Array {
  const { size, angles } = system.projector.geometry;
  const image = new Float64Array(size * size);
  const gradient = new Float64Array(image.length);
  const unit = unitStep(system);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const share = (step * unit) / epoch;
    for (const projection of shuffled(angles, createStream(`reproduce/tomography/order/${seed}`, epoch))) {
      gradient.fill(0);
      addGradient(system, projection, image, gradient);
      for (let i = 0; i < image.length; i++)
        image[i] = Math.max(0, (image[i] as number) - share * (gradient[i] as number));
    }
    onEpoch?.(epoch, image);
  }
  return image;
}
