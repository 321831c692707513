// The scores of rankings by probability: ROC and precision-recall curves with their areas, one
// label against the rest, and label ranks. metrics.ts scores decisions.
import assert from 'node:assert/strict'
import type { Predictions } from './metrics.ts'

/** The areas of one label against the rest. */
export type LabelAreas = {
  /**
   * The area under the ROC curve; ties count half (Fawcett 2006). Null if all rows or no rows have
   * the label.
   */
  readonly rocAuc: number | null
  /**
   * The sum of precision times the increase in recall; ties are one step. As in scikit-learn, it is
   * 0 for a label that no row has. It is null only in a resample that misses the label.
   */
  readonly averagePrecision: number | null
}

/** The mean areas over labels that have one; `weighted` means by support. */
export type MeanAreas = {
  readonly rocAuc: { readonly macro: number | null; readonly weighted: number | null }
  readonly averagePrecision: { readonly macro: number | null; readonly weighted: number | null }
}

/**
 * A point of a ROC curve (`x` false positive rate, `y` recall) or of a precision-recall curve (`x`
 * recall, `y` precision).
 */
export type CurvePoint = { readonly x: number; readonly y: number }

/** The rows in descending order of one label's probability, and the positions of its own rows. */
export type LabelRanking = {
  /** int32 [rows]. */
  readonly order: Int32Array
  /** int32 [groups, 2]: start and exclusive end of each run of ties with a row of the label. */
  readonly groups: Int32Array
  readonly isLabel: Uint8Array
}

/** An index and the 31 bits of a probability must fit into a double. */
const valuesMax = 2 ** 22

/** The rank of each row's true label, from 0; of equal probabilities, the first label is ahead. */
export function truthRanks({ truth, probabilities, labels }: Predictions): Int32Array {
  return truth.map((label, row) => {
    const start = row * labels
    const own = probabilities[start + label]!
    let rank = 0
    for (let other = 0; other < labels; other++) {
      const probability = probabilities[start + other]!
      if (probability > own || (probability === own && other < label)) rank++
    }
    return rank
  })
}

/**
 * Ranks all rows, once per label. Probabilities are compared as float32, the models' output type.
 */
export function rankRows({ truth, probabilities, labels }: Predictions): LabelRanking[] {
  return Array.from({ length: labels }, (_, label) => {
    const floats = Float32Array.from(truth, (_own, row) => probabilities[row * labels + label]!)
    return ranked(
      floats,
      Uint8Array.from(truth, (own) => Number(own === label)),
    )
  })
}

/** Ranks all rows, once per label, where each row has a label set: uint8 [rows, labels]. */
export function rankTargets(predictions: {
  readonly targets: Uint8Array
  readonly probabilities: Float32Array
  readonly labels: number
}): LabelRanking[] {
  const { targets, probabilities, labels } = predictions
  const rows = targets.length / labels
  return Array.from({ length: labels }, (_, label) => {
    const indices = Int32Array.from({ length: rows }, (_row, row) => row * labels + label)
    const floats = Float32Array.from(indices, (index) => probabilities[index]!)
    return ranked(
      floats,
      Uint8Array.from(indices, (index) => targets[index]!),
    )
  })
}

function ranked(floats: Float32Array, isLabel: Uint8Array): LabelRanking {
  const order = descendingOrder(floats)
  return { order, isLabel, groups: groupsOfTies(order, floats, isLabel) }
}

/** The indices of the values, largest value first; equal values keep their order. */
function descendingOrder(values: Float32Array): Int32Array {
  assert.ok(values.length <= valuesMax, `at most ${valuesMax} values can be ranked`)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  // Non-negative floats sort like their bits.
  const keys = Float64Array.from(bits, (bit, index) => (0x7fffffff - bit) * valuesMax + index)
  return Int32Array.from(keys.sort(), (key) => key % valuesMax)
}

function groupsOfTies(order: Int32Array, values: Float32Array, isLabel: Uint8Array): Int32Array {
  const groups: number[] = []
  for (let from = 0, to = 0; from < order.length; from = to) {
    let holdsLabel = false
    while (to < order.length && values[order[to]!] === values[order[from]!]) {
      if (isLabel[order[to++]!] === 1) holdsLabel = true
    }
    if (holdsLabel) groups.push(from, to)
  }
  return Int32Array.from(groups)
}

/**
 * The areas of one label. Row r counts `counts[r]` times, as in a bootstrap resample; `positives`
 * and `negatives` are the sums of these counts.
 */
function labelAreas(
  ranking: LabelRanking,
  rows: { counts: Uint16Array; positives: number; negatives: number },
): LabelAreas {
  const { order, groups, isLabel } = ranking
  const { counts, positives, negatives } = rows
  if (positives === 0) return { rocAuc: null, averagePrecision: groups.length === 0 ? 0 : null }
  let seen = 0
  let found = 0
  let pairs = 0
  let precisions = 0
  let rank = 0
  for (let group = 0; group < groups.length; group += 2) {
    const [from, to] = [groups[group]!, groups[group + 1]!]
    for (; rank < from; rank++) seen += counts[order[rank]!]!
    const ahead = seen - found
    let hits = 0
    for (; rank < to; rank++) {
      const row = order[rank]!
      seen += counts[row]!
      hits += counts[row]! * isLabel[row]!
    }
    if (hits === 0) continue
    found += hits
    const tied = seen - found - ahead
    pairs += hits * (negatives - ahead - tied / 2)
    precisions += (hits * found) / seen
  }
  return {
    rocAuc: negatives === 0 ? null : pairs / (positives * negatives),
    averagePrecision: precisions / positives,
  }
}

/**
 * The areas of every label. Row r counts `counts[r]` times; `support` is the sum of the counts per
 * label, and `total` that over all rows. Without `total`, each row has exactly one label.
 */
export function areasOfLabels(
  rankings: readonly LabelRanking[],
  rows: { counts: Uint16Array; support: Float64Array; total?: number },
): LabelAreas[] {
  const { counts, support } = rows
  const total = rows.total ?? support.reduce((sum, count) => sum + count, 0)
  return rankings.map((ranking, label) => {
    const positives = support[label]!
    return labelAreas(ranking, { counts, positives, negatives: total - positives })
  })
}

/** The mean areas over labels; `support` is the number of rows of each. */
export function meanAreas(areas: readonly LabelAreas[], support: ArrayLike<number>): MeanAreas {
  const mean = (name: keyof LabelAreas, weightOf: (label: number) => number): number | null => {
    let sum = 0
    let weights = 0
    for (const [label, area] of areas.entries()) {
      const value = area[name]
      if (value === null) continue
      sum += value * weightOf(label)
      weights += weightOf(label)
    }
    return weights === 0 ? null : sum / weights
  }
  const both = (name: keyof LabelAreas) => ({
    macro: mean(name, () => 1),
    weighted: mean(name, (label) => support[label]!),
  })
  return { rocAuc: both('rocAuc'), averagePrecision: both('averagePrecision') }
}

/** The ROC and precision-recall curves of (probability, is right) pairs, with few points. */
export function rankingCurves(
  pairs: { readonly probability: Float32Array; readonly isRight: Uint8Array },
  pointsMax: number,
): { roc: CurvePoint[]; precisionRecall: CurvePoint[] } {
  const { probability, isRight } = pairs
  const order = descendingOrder(probability)
  const positives = isRight.reduce((sum, right) => sum + right, 0)
  const negatives = isRight.length - positives
  const roc: CurvePoint[] = [{ x: 0, y: 0 }]
  const precisionRecall: CurvePoint[] = []
  let found = 0
  for (const [rank, index] of order.entries()) {
    found += isRight[index]!
    const seen = rank + 1
    if (seen < order.length && probability[order[seen]!] === probability[index]) continue
    const recall = positives === 0 ? 0 : found / positives
    roc.push({ x: negatives === 0 ? 0 : (seen - found) / negatives, y: recall })
    precisionRecall.push({ x: recall, y: found / seen })
  }
  return { roc: thinned(roc, pointsMax), precisionRecall: thinned(precisionRecall, pointsMax) }
}

/** Keeps both ends, and points that are at least 2 / `pointsMax` apart along the curve. */
function thinned(points: readonly CurvePoint[], pointsMax: number): CurvePoint[] {
  const kept: CurvePoint[] = []
  for (const [at, point] of points.entries()) {
    const last = kept.at(-1)
    const far =
      last === undefined || Math.abs(point.x - last.x) + Math.abs(point.y - last.y) > 2 / pointsMax
    if (far || at === points.length - 1) kept.push(point)
  }
  return kept.map(({ x, y }) => ({ x: Number(x.toFixed(4)), y: Number(y.toFixed(4)) }))
}
