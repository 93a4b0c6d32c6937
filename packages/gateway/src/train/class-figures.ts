/** How well decision values tell two classes apart. */
export interface ClassFigures {
  /** Share of the rows whose class was decided right; decision values of 0 and above are class +1. */
  readonly accuracy: number;
  /** Mean over both classes of the share decided right; NaN where the rows show one class only. */
  readonly balancedAccuracy: number;
  /**
   * Area under the receiver operating characteristic: the chance that a row of class +1 has a larger decision value than one
   * of class −1, ties counted half. NaN where the rows show one class only.
   */
  readonly auc: number;
}

/**
 * @param decisions Decision values, a row each.
 * @param labels −1 or +1, a row each.
 */
export function classFigures(decisions: Float64Array, labels: Float64Array): ClassFigures {
  const rows = decisions.length;
  const order = Uint32Array.from({ length: rows }, (_, r) => r).sort(
    (a, b) => (decisions[a] as number) - (decisions[b] as number),
  );
  let positives = 0;
  let rightPositives = 0;
  let rightNegatives = 0;
  let rankSum = 0; // of the rows of class +1, ranks from 1; ties share their mean rank
  for (let at = 0; at < rows; ) {
    const value = decisions[order[at] as number] as number;
    let end = at;
    let tied = 0;
    do {
      if (labels[order[end] as number] === 1) tied += 1;
      end += 1;
    } while (end < rows && decisions[order[end] as number] === value);
    positives += tied;
    rankSum += tied * ((at + end + 1) / 2);
    if (value >= 0) rightPositives += tied;
    else rightNegatives += end - at - tied;
    at = end;
  }
  const negatives = rows - positives;
  return {
    accuracy: (rightPositives + rightNegatives) / rows,
    balancedAccuracy: (rightPositives / positives + rightNegatives / negatives) / 2,
    auc: (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives),
  };
}
