/**
 * The points that no other beats: those for which no other costs no more and loses no more, one of the two less.
 *
 * @param points Cost and loss of each.
 * @returns Indices by ascending cost; of equal points all.
 */
export function paretoFront(points: readonly { readonly cost: number; readonly loss: number }[]): number[] {
  const order = points.map((_, i) => i).sort((a, b) => compare(points[a], points[b]) || a - b);
  const front: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let cost = Number.NaN;
  for (const i of order) {
    const point = points[i];
    if (point === undefined || Number.isNaN(point.loss)) continue;
    if (point.loss < least || (point.loss === least && point.cost === cost)) front.push(i);
    if (point.loss < least) {
      least = point.loss;
      cost = point.cost;
    }
  }
  return front;
}

interface Point {
  readonly cost: number;
  readonly loss: number;
}

function compare(a: Point | undefined, b: Point | undefined): number {
  return (a?.cost ?? 0) - (b?.cost ?? 0) || (a?.loss ?? 0) - (b?.loss ?? 0);
}
