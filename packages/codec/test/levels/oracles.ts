/** Weighted points, ascending; the first and the last are levels in any case. */
export interface Points {
  readonly values: readonly number[];
  readonly weights: readonly number[];
}

/** Cost of the interval between points i and j. */
export type IntervalCost = (i: number, j: number) => number;

/** Distinct values with multiplicities; the forced ends join with weight 0, values outside are clipped to them. */
export function distinct(data: ArrayLike<number>, range?: readonly [number, number]): Points {
  const [low, high] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const weights = new Map<number, number>(range?.map((end) => [end, 0]));
  for (const reading of Array.from(data)) {
    const value = Math.min(Math.max(reading, low), high);
    weights.set(value, (weights.get(value) ?? 0) + 1);
  }
  const values = [...weights.keys()].sort((a, b) => a - b);
  return { values, weights: values.map((value) => weights.get(value) ?? 0) };
}

/** The cost by its definition, term by term. */
export function directCost({ values, weights }: Points): IntervalCost {
  return (i, j) => {
    const low = values[i] ?? 0;
    const high = values[j] ?? 0;
    let cost = 0;
    for (let t = i + 1; t < j; t++) cost += (weights[t] ?? 0) * (high - (values[t] ?? 0)) * ((values[t] ?? 0) - low);
    return cost;
  };
}

/** The cost by prefix sums from the first point: for timing, and where the values are small. */
export function prefixCost({ values, weights }: Points): IntervalCost {
  const u = Float64Array.from(values);
  const sums = [0, 1, 2].map((power) => {
    let sum = 0;
    return Float64Array.from(values, (value, i) => {
      sum += (weights[i] ?? 0) * value ** power;
      return sum;
    });
  });
  const [p0, p1, p2] = sums as [Float64Array, Float64Array, Float64Array];
  return (i, j) => {
    const a = u[i] ?? 0;
    const b = u[j] ?? 0;
    return (
      (a + b) * ((p1[j] ?? 0) - (p1[i] ?? 0)) - a * b * ((p0[j] ?? 0) - (p0[i] ?? 0)) - ((p2[j] ?? 0) - (p2[i] ?? 0))
    );
  };
}

/** The plain recursion D_r(j) = min over i < j of D_{r−1}(i) + cost(i, j), O(links·size²): least cost of `links` intervals. */
export function naiveLevels(size: number, cost: IntervalCost, links: number): { cost: number; points: number[] } {
  let row = Float64Array.from({ length: size }, (_, j) => (j === 0 ? Number.POSITIVE_INFINITY : cost(0, j)));
  const choices: Int32Array[] = [];
  for (let link = 2; link <= links; link++) {
    const next = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const choice = new Int32Array(size);
    for (let j = link; j < size; j++) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = link - 1; i < j; i++) {
        const candidate = (row[i] ?? 0) + cost(i, j);
        if (candidate < best) {
          best = candidate;
          choice[j] = i;
        }
      }
      next[j] = best;
    }
    choices.push(choice);
    row = next;
  }
  const points = [size - 1];
  for (const choice of choices.reverse()) points.unshift(choice[points[0] ?? 0] ?? 0);
  return { cost: row[size - 1] ?? 0, points: [0, ...points] };
}

/** Every set of `links` − 1 inner levels, without any recursion on costs. */
export function bruteForce(points: Points, links: number): number {
  const cost = directCost(points);
  const last = points.values.length - 1;
  let best = Number.POSITIVE_INFINITY;
  const visit = (from: number, left: number, sum: number): void => {
    if (left === 1) best = Math.min(best, sum + cost(from, last));
    else for (let to = from + 1; to <= last - left + 1; to++) visit(to, left - 1, sum + cost(from, to));
  };
  visit(0, links, 0);
  return best;
}

/** The mean over readings of (b − x)(x − a), by a linear search for each reading. */
export function directVariance(data: ArrayLike<number>, levels: ArrayLike<number>): number {
  const ordered = Array.from(levels);
  let sum = 0;
  for (const value of Array.from(data)) {
    const above = ordered.find((level) => level >= value);
    const below = ordered.findLast((level) => level <= value);
    if (above !== undefined && below !== undefined) sum += (above - value) * (value - below);
  }
  return sum / data.length;
}
