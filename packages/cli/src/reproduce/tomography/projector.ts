/** Parallel beams over an image of [−1, 1]². */
export interface Geometry {
  /** Pixels in each direction. */
  readonly size: number;
  /** Projections, at equal angles over half a turn. */
  readonly angles: number;
  /** Beams of a projection, side by side over [−1, 1]. */
  readonly beams: number;
}

/** The projection matrix by rows: a row a beam, with the lengths at which it crosses pixels. */
export interface Projector {
  readonly geometry: Geometry;
  /** Beams of all projections, one projection after the other. */
  readonly rows: number;
  /** Where each row's crossings begin; one more than there are rows. */
  readonly offsets: Uint32Array;
  /** Pixel of each crossing. */
  readonly pixels: Uint32Array;
  /** Length of each crossing, above 0 and at most √2 pixels. */
  readonly lengths: Float64Array;
}

/** Angle of a projection, in radians. */
export function angleOf({ angles }: Geometry, projection: number): number {
  return (Math.PI * projection) / angles;
}

/** Distance of a beam from the origin. */
export function offsetOf({ beams }: Geometry, beam: number): number {
  return -1 + (2 * (beam + 0.5)) / beams;
}

/** Numbers below it are no movement in that direction. */
const still = 1e-12;

/** Where a line p + t·d is within −1 … 1 in one direction: [from, to] of t, empty as from > to. */
function span(p: number, d: number): readonly [number, number] {
  if (Math.abs(d) < still) return Math.abs(p) <= 1 ? [-4, 4] : [1, -1];
  const [one, other] = [(-1 - p) / d, (1 - p) / d];
  return [Math.min(one, other), Math.max(one, other)];
}

/** Places t at which the line meets the borders between pixels in one direction, in order. */
function crossings(p: number, d: number, size: number, from: number, to: number): number[] {
  if (Math.abs(d) < still) return [];
  const places: number[] = [];
  for (let border = 1; border < size; border++) {
    const t = (-1 + (2 * border) / size - p) / d;
    if (t > from && t < to) places.push(t);
  }
  return d > 0 ? places : places.reverse();
}

/** Crossings of one beam, appended (Siddon 1985: where the line meets the borders, in order, part by part). */
function trace({ size }: Geometry, angle: number, offset: number, pixels: number[], lengths: number[]): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [px, py, dx, dy] = [offset * cos, offset * sin, -sin, cos];
  const [alongX, alongY] = [span(px, dx), span(py, dy)];
  const from = Math.max(alongX[0], alongY[0]);
  const to = Math.min(alongX[1], alongY[1]);
  if (!(from < to)) return;
  const places = [from, to, ...crossings(px, dx, size, from, to), ...crossings(py, dy, size, from, to)];
  places.sort((a, b) => a - b);
  const cell = (value: number): number => Math.min(size - 1, Math.max(0, Math.floor(((value + 1) / 2) * size)));
  for (let k = 1; k < places.length; k++) {
    const [start, end] = [places[k - 1] as number, places[k] as number];
    if (end - start < still) continue;
    const middle = (start + end) / 2;
    pixels.push((size - 1 - cell(py + middle * dy)) * size + cell(px + middle * dx));
    lengths.push(end - start);
  }
}

/** The projection matrix of a geometry. */
export function createProjector(geometry: Geometry): Projector {
  const { angles, beams } = geometry;
  const pixels: number[] = [];
  const lengths: number[] = [];
  const offsets = new Uint32Array(angles * beams + 1);
  for (let projection = 0; projection < angles; projection++)
    for (let beam = 0; beam < beams; beam++) {
      trace(geometry, angleOf(geometry, projection), offsetOf(geometry, beam), pixels, lengths);
      offsets[projection * beams + beam + 1] = pixels.length;
    }
  return {
    geometry,
    rows: angles * beams,
    offsets,
    pixels: Uint32Array.from(pixels),
    lengths: Float64Array.from(lengths),
  };
}

/** Line integrals A·x of an image, a number a row. */
export function project({ rows, offsets, pixels, lengths }: Projector, image: Float64Array): Float64Array {
  const out = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let k = offsets[r] as number; k < (offsets[r + 1] as number); k++)
      sum += (lengths[k] as number) * (image[pixels[k] as number] as number);
    out[r] = sum;
  }
  return out;
}

/** Aᵀ·y, the adjoint of {@link project}: every row's number spread over the pixels that its beam crosses. */
export function backProject(
  { geometry, rows, offsets, pixels, lengths }: Projector,
  values: Float64Array,
): Float64Array {
  const image = new Float64Array(geometry.size ** 2);
  for (let r = 0; r < rows; r++)
    for (let k = offsets[r] as number; k < (offsets[r + 1] as number); k++) {
      const pixel = pixels[k] as number;
      image[pixel] = (image[pixel] as number) + (lengths[k] as number) * (values[r] as number);
    }
  return image;
}
