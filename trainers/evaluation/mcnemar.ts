// McNemar's test (1947): whether the accuracy of two models on the same examples differs by more
// than chance. Only examples on which exactly one model is right count.

/** The comparison of two models on the same examples. */
export type PairedComparison = {
  readonly examples: number
  readonly bothRight: number
  readonly bothWrong: number
  readonly onlyFirstRight: number
  readonly onlySecondRight: number
  /** `exact` (binomial) below 25 disagreements, else chi-square with Edwards's correction. */
  readonly test: 'exact' | 'chi-square'
  /** Two-sided: how likely a difference this large is between equally good models. */
  readonly pValue: number
  /** The accuracy of the first model minus that of the second. */
  readonly difference: number
}

const exactBelow = 25

/** Compares the predictions of two models with the truth; all are indices of the same labels. */
export function compareOnSameExamples(predictions: {
  readonly truth: ArrayLike<number>
  readonly first: ArrayLike<number>
  readonly second: ArrayLike<number>
}): PairedComparison {
  const { truth, first, second } = predictions
  const counts = { bothRight: 0, bothWrong: 0, onlyFirstRight: 0, onlySecondRight: 0 }
  for (let row = 0; row < truth.length; row++) {
    const [one, other] = [first[row] === truth[row], second[row] === truth[row]]
    if (one) counts[other ? 'bothRight' : 'onlyFirstRight']++
    else counts[other ? 'onlySecondRight' : 'bothWrong']++
  }
  const { onlyFirstRight: b, onlySecondRight: c } = counts
  return {
    examples: truth.length,
    ...counts,
    test: b + c < exactBelow ? 'exact' : 'chi-square',
    pValue: mcnemarPValue(b, c),
    difference: (b - c) / truth.length,
  }
}

/** The two-sided p-value for `b` against `c` disagreements. */
export function mcnemarPValue(b: number, c: number): number {
  const total = b + c
  if (total === 0) return 1
  if (total >= exactBelow) {
    const deviation = Math.max(0, Math.abs(b - c) - 1)
    // The upper tail of chi-square with one degree of freedom is erfc(sqrt(x / 2)).
    return erfc(Math.sqrt((deviation * deviation) / total / 2))
  }
  let term = 0.5 ** total
  let tail = 0
  for (let k = 0; k <= Math.min(b, c); k++) {
    tail += term
    term *= (total - k) / (k + 1)
  }
  return Math.min(1, 2 * tail)
}

/** The complementary error function for x >= 0 (Abramowitz and Stegun 1964, 7.1.5 and 7.1.14). */
export function erfc(x: number): number {
  if (x < 2) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  // The continued fraction, evaluated from its end; for x >= 2, 60 terms give full precision.
  let fraction = 0
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (x + fraction)
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction))
}
