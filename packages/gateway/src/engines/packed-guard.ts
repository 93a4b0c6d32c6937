import type { GridVectors, PackedLayout } from "./packed-layout.ts";

/** The own columns of a member, and what the rounded model counts in. */
export interface GuardedColumns {
  readonly unit: number;
  readonly from: number;
  readonly to: number;
}

/** Adds Σ strength · v(v·x) to the gradient of some columns, x the model as it was read. */
export function addGuard(
  f64: Float64Array<ArrayBufferLike>,
  { columns, guard, modelFloats, gradient }: PackedLayout,
  { factors }: GridVectors,
  { unit, from, to }: GuardedColumns,
): void {
  for (let g = 0; g < guard.count; g++) {
    const direction = guard.directions / 8 + g * columns;
    let projection = 0;
    for (let j = 0; j < columns; j++) {
      const factor = f64[factors / 8 + j] as number;
      if (factor > 0)
        projection += (f64[direction + j] as number) * (((f64[modelFloats / 8 + j] as number) * unit) / factor);
    }
    projection *= f64[guard.strengths / 8 + g] as number;
    for (let j = from; j < to; j++)
      f64[gradient / 8 + j] = (f64[gradient / 8 + j] as number) + projection * (f64[direction + j] as number);
  }
}
