// How well probabilities put examples in order: top-k accuracy, areas under ROC and
// precision-recall curves, one label against the rest. Scores of decisions are metrics.ts.
import assert from 'node:assert/strict'
import type { Predictions } from './metrics.ts'

/** One label against the rest. */
export type LabelAreas = {
  /**
   * Area under the ROC curve; ties count half (Fawcett 2006). Null where all rows or none have the
   * label.
   */
  readonly rocAuc: number | null
  /**
   * Sum of precision times gain in recall; ties are one step. As in scikit-learn 0 for a label that
   * no row has; null only in a resample that misses it.
   */
  readonly averagePrecision: number | null
}

/** Means over the labels that have one; `weighted` by how many rows each has. */
export type MeanAreas = {
  readonly rocAuc: { readonly macro: number | null; readonly weighted: number | null }
  readonly averagePrecision: { readonly macro: number | null; readonly weighted: number | null }
}

/** A point of a ROC curve (`x` false positive rate, `y` recall) or of a precision-recall curve. */
export type CurvePoint = { readonly x: number; readonly y: number }

/** Rows in descending order of one label's probability, and where its own rows lie among them. */
export type LabelRanking = {
  /** int32 [rows]. */
  readonly order: Int32Array
  /**
   * int32 [groups, 2]: from and to, exclusive, of each run of ties that holds a row of the label.
   */
  readonly groups: Int32Array
  readonly isLabel: Uint8Array
}

/** Places must fit beside the 31 bits of a probability in a double. */
const valuesMax = 2 ** 22

/**
 * The rank of each row's true label, from 0; among equal probabilities the first label is ahead.
 */
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

/** Sorts the rows once a label; probabilities are compared as float32, as models give them. */
export function rankRows({ truth, probabilities, labels }: Predictions): LabelRanking[] {
  return Array.from({ length: labels }, (_, label) => {
    const floats = Float32Array.from(truth, (_own, row) => probabilities[row * labels + label]!)
    return ranked(
      floats,
      Uint8Array.from(truth, (own) => Number(own === label)),
    )
  })
}

/** As `rankRows`, where each row has a set of labels: uint8 [rows, labels]. */
export function rankTargets(predictions: {
  readonly targets: Uint8Array
  readonly probabilities: Float32Array
  readonly labels: number
}): LabelRanking[] {
  const { targets, probabilities, labels } = predictions
  const rows = targets.length / labels
  return Array.from({ length: labels }, (_, label) => {
    const places = Int32Array.from({ length: rows }, (_row, row) => row * labels + label)
    const floats = Float32Array.from(places, (place) => probabilities[place]!)
    return ranked(
      floats,
      Uint8Array.from(places, (place) => targets[place]!),
    )
  })
}

function ranked(floats: Float32Array, isLabel: Uint8Array): LabelRanking {
  const order = descendingOrder(floats)
  return { order, isLabel, groups: groupsOfTies(order, floats, isLabel) }
}

/** Places of the values, the largest first; equal ones keep their order. */
function descendingOrder(values: Float32Array): Int32Array {
  assert.ok(values.length <= valuesMax, `at most ${valuesMax} values can be ranked`)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  // The bits of floats that are not negative sort as the floats do.
  const keys = Float64Array.from(bits, (bit, place) => (0x7fffffff - bit) * valuesMax + place)
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
 * Areas of one label, each row counted `counts[row]` times (a bootstrap resample, or all ones);
 * `positives` and `negatives` are the sums of these counts.
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
  let place = 0
  for (let group = 0; group < groups.length; group += 2) {
    const [from, to] = [groups[group]!, groups[group + 1]!]
    for (; place < from; place++) seen += counts[order[place]!]!
    const ahead = seen - found
    let hits = 0
    for (; place < to; place++) {
      const row = order[place]!
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
 * Areas of every label, each row counted `counts[row]` times; `support` sums these by label,
 * `total` over all rows. Without it each row has one label.
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

/** Means over labels; `support` counts the rows of each. */
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

/** ROC and precision-recall curves of (probability, whether it is right) pairs, thinned out. */
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
  for (const [place, at] of order.entries()) {
    found += isRight[at]!
    const seen = place + 1
    if (seen < order.length && probability[order[seen]!] === probability[at]) continue
    const recall = positives === 0 ? 0 : found / positives
    roc.push({ x: negatives === 0 ? 0 : (seen - found) / negatives, y: recall })
    precisionRecall.push({ x: recall, y: found / seen })
  }
  return { roc: thinned(roc, pointsMax), precisionRecall: thinned(precisionRecall, pointsMax) }
}

/** Keeps points that are at least a step apart along the curve, and the ends. */
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
