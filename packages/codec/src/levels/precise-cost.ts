/** What a + b lost to rounding, given the rounded sum (Knuth's two-sum). */
function sumRest(a: number, b: number, sum: number): number {
  const part = sum - a;
  return a - (sum - part) + (b - part);
}

/** What a·b lost to rounding, given the rounded product (Dekker's two-product on halves of 26 bits). */
function productRest(a: number, b: number, product: number): number {
  const shiftedA = 134_217_729 * a;
  const highA = shiftedA - (shiftedA - a);
  const lowA = a - highA;
  const shiftedB = 134_217_729 * b;
  const highB = shiftedB - (shiftedB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

/**
 * Makes the sums of weight·u and weight·u² twice as precise: recomputes them in place, and returns what each lost.
 *
 * @param sums As in a cost table, its positions and sums of weights filled in; the other two columns are overwritten.
 * @param weights One a point.
 * @returns Two rests a point.
 */
export function preciseRests(sums: Float64Array, weights: Float64Array): Float64Array {
  const size = weights.length;
  const rests = new Float64Array(2 * size);
  const add = (from: number, to: number, weight: number, position: number): void => {
    const square = position * position;
    const terms = [weight * position, weight * square];
    const lost = [
      productRest(weight, position, weight * position),
      productRest(weight, square, weight * square) + weight * productRest(position, position, square),
    ];
    for (let k = 0; k < 2; k++) {
      const before = sums[4 * from + 2 + k] ?? 0;
      const term = terms[k] ?? 0;
      const after = before + term;
      sums[4 * to + 2 + k] = after;
      rests[2 * to + k] = (rests[2 * from + k] ?? 0) + sumRest(before, term, after) + (lost[k] ?? 0);
    }
  };
  const middle = size >> 1;
  for (let i = middle + 1; i < size; i++) add(i - 1, i, weights[i] ?? 0, sums[4 * i] ?? 0);
  for (let i = middle - 1; i >= 0; i--) add(i + 1, i, -(weights[i + 1] ?? 0), sums[4 * (i + 1)] ?? 0);
  return rests;
}

/** The cost of an interval as in `intervalCost`, every step with its rest: about 30 digits before the last rounding. */
export function preciseCost(sums: Float64Array, rests: Float64Array, i: number, j: number): number {
  const low = sums[4 * i] ?? 0;
  const high = sums[4 * j] ?? 0;
  const weight = (sums[4 * j + 1] ?? 0) - (sums[4 * i + 1] ?? 0);
  const firstI = sums[4 * i + 2] ?? 0;
  const firstJ = sums[4 * j + 2] ?? 0;
  const first = firstJ - firstI;
  const firstRest = sumRest(firstJ, -firstI, first) + ((rests[2 * j] ?? 0) - (rests[2 * i] ?? 0));
  const secondI = sums[4 * i + 3] ?? 0;
  const secondJ = sums[4 * j + 3] ?? 0;
  const second = secondJ - secondI;
  const secondRest = sumRest(secondJ, -secondI, second) + ((rests[2 * j + 1] ?? 0) - (rests[2 * i + 1] ?? 0));
  const ends = low + high;
  const linear = ends * first;
  const linearRest = productRest(ends, first, linear) + ends * firstRest + sumRest(low, high, ends) * first;
  const corner = low * high;
  const constant = corner * weight;
  const constantRest = productRest(corner, weight, constant) + productRest(low, high, corner) * weight;
  const difference = linear - constant;
  const cost = difference - second;
  return (
    cost +
    (sumRest(difference, -second, cost) +
      sumRest(linear, -constant, difference) +
      linearRest -
      constantRest -
      secondRest)
  );
}
