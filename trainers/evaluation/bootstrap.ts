// Bootstrap confidence intervals of scores (Efron and Tibshirani 1993, percentile method). All
// scores use the same resamples, which depend on the seed only.
import { scoresOfRows, type RowOutcomes, type Scores } from './metrics.ts'
import { areasOfLabels, meanAreas, type LabelRanking } from './ranking-metrics.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/** A confidence interval. */
export type Interval = { readonly low: number; readonly high: number }

/** The intervals of all headline scores. */
export type Intervals = Readonly<Record<keyof Scores, Interval>> & {
  /** By k. */
  readonly topK: Readonly<Record<string, Interval>>
  /** The interval of the macro mean; null if there is no such mean. */
  readonly rocAuc: Interval | null
  /** The interval of the macro mean; null if there is no such mean. */
  readonly averagePrecision: Interval | null
  readonly confidence: number
  readonly resamples: number
  /**
   * Resamples for the areas, which are fewer for many examples and labels because areas are slow.
   */
  readonly areaResamples: number
}

/** Everything that resampled scores are computed from. */
export type BootstrapSource = {
  readonly outcomes: RowOutcomes
  /** The rank of each row's true label, from 0: int32 [rows]. */
  readonly ranks: Int32Array
  readonly rankings: readonly LabelRanking[]
  readonly topKs: readonly number[]
}

/** The confidence level of all intervals. */
export const confidence = 0.95
/** The scores that have an interval. */
export const scoreNames = [
  'accuracy',
  'macroF1',
  'weightedF1',
  'mcc',
  'logLoss',
  'brier',
  'ece',
] as const

/** The bound on row visits for all resamples of the areas: one or two seconds. */
const areaVisitsMax = 1e9
const areaResamplesMin = 50

/** The intervals of all headline scores. 1,000 resamples of 10,000 rows and 77 labels take 2 s. */
export function bootstrapIntervals(
  source: BootstrapSource,
  options: { readonly seed: number; readonly resamples: number },
): Intervals {
  const { outcomes, ranks, rankings, topKs } = source
  const { resamples } = options
  const examples = outcomes.truth.length
  const affordable = Math.floor(areaVisitsMax / (examples * Math.max(1, rankings.length)))
  const areaResamples = Math.min(resamples, Math.max(areaResamplesMin, affordable))
  const random = seededRandom(options.seed)
  const rows = new Int32Array(examples)
  const counts = new Uint16Array(examples)
  const drawn = new Draws()
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0)
    for (let i = 0; i < examples; i++) {
      const row = random.below(examples)
      rows[i] = row
      counts[row] = counts[row]! + 1
    }
    const scores = scoresOfRows(outcomes, rows)
    for (const name of scoreNames) drawn.add(name, scores[name])
    for (const k of topKs) drawn.add(`top ${k}`, topKAccuracy(ranks, counts, k))
    if (resample >= areaResamples) continue
    const support = supportOf(outcomes, counts)
    const means = meanAreas(areasOfLabels(rankings, { counts, support }), support)
    drawn.add('rocAuc', means.rocAuc.macro)
    drawn.add('averagePrecision', means.averagePrecision.macro)
  }
  const scores = Object.fromEntries(scoreNames.map((name) => [name, drawn.interval(name)!]))
  return {
    ...(scores as Record<keyof Scores, Interval>),
    topK: Object.fromEntries(topKs.map((k) => [k, drawn.interval(`top ${k}`)!])),
    rocAuc: drawn.interval('rocAuc'),
    averagePrecision: drawn.interval('averagePrecision'),
    confidence,
    resamples,
    areaResamples,
  }
}

/** The fraction of rows whose true label is among the top `k`; row r counts `counts[r]` times. */
export function topKAccuracy(ranks: Int32Array, counts: Uint16Array, k: number): number {
  let hits = 0
  let total = 0
  for (let row = 0; row < ranks.length; row++) {
    total += counts[row]!
    if (ranks[row]! < k) hits += counts[row]!
  }
  return hits / total
}

function supportOf({ truth, labels }: RowOutcomes, counts: Uint16Array): Float64Array {
  const support = new Float64Array(labels)
  for (const [row, label] of truth.entries()) support[label] = support[label]! + counts[row]!
  return support
}

/** The values of each score over all resamples; null values are left out. */
export class Draws {
  readonly #values = new Map<string, number[]>()

  /** Adds the value of one resample. */
  add(name: string, value: number | null): void {
    if (value === null) return
    const values = this.#values.get(name)
    if (values === undefined) this.#values.set(name, [value])
    else values.push(value)
  }

  /** The percentile interval of a score; null if it has no value. */
  interval(name: string): Interval | null {
    const values = this.#values.get(name)
    if (values === undefined) return null
    const ascending = Float64Array.from(values).sort()
    const tail = (1 - confidence) / 2
    return { low: quantile(ascending, tail), high: quantile(ascending, 1 - tail) }
  }
}

/** Linear interpolation between order statistics, NumPy's default. */
function quantile(ascending: Float64Array, probability: number): number {
  const index = probability * (ascending.length - 1)
  const below = ascending[Math.floor(index)]!
  const above = ascending[Math.ceil(index)]!
  return below + (above - below) * (index - Math.floor(index))
}
