// The cheap small model of a cascade: a linear model over the tokens of a text and their pairs, and
// over static vectors of the tokens, which the head is already multiplied into. small-model-file.ts
// is its file; trainers/cascade/ fits it.
import { gramRow, type GramTable } from './gram-table.ts'
import { gramCount, tokenGrams } from './token-grams.ts'

/** Weights int8 [rows, labels], each row with a scale of its own: float32 [rows]. */
export type RowWeights = { readonly weights: Int8Array; readonly scales: Float32Array }

/** Everything that a small model stores. */
export type SmallModelParts = {
  /** float32 [labels]. */
  readonly bias: Float32Array
  /** The tokens and pairs of the training texts, weighted by TF-IDF. */
  readonly grams: RowWeights & {
    readonly table: GramTable
    /** float32 [rows]: the inverse document frequency of each. */
    readonly rarity: Float32Array
  }
  /** Static vectors of all tokens of the vocabulary, as logits; their weighted mean counts. */
  readonly tokens: RowWeights & {
    /** float32 [vocabulary]: the weight of each token in the mean. */
    readonly shares: Float32Array
  }
}

/** A small model at work. */
export type SmallModel = {
  readonly labels: number
  /**
   * The logits of token ids int32 [tokens], float64 [labels], valid until the next call. They
   * depend on nothing but the ids: sums are float64 in a fixed order.
   */
  logits(ids: Int32Array): Float64Array
}

/** 1 + ln(count) of the counts that texts have; larger ones count as the last. */
const frequencyWeights = Float64Array.from({ length: 64 }, (_, at) => 1 + Math.log(at + 1))

/** Makes a small model of its parts, which must not change any more. */
export function createSmallModel(parts: SmallModelParts): SmallModel {
  const { bias } = parts
  const labels = bias.length
  const sums = new Float64Array(labels)
  const logits = new Float64Array(labels)
  let keys = new Int32Array(64)
  return {
    labels,
    logits(ids) {
      if (keys.length < gramCount(ids.length)) keys = new Int32Array(2 * ids.length)
      logits.set(bias)
      addGrams(parts.grams, keys.subarray(0, tokenGrams(ids, keys)), { sums, logits })
      addTokens(parts.tokens, ids, { sums, logits })
      return logits
    },
  }
}

type Buffers = { readonly sums: Float64Array; readonly logits: Float64Array }

/** Adds the TF-IDF vector of the text, scaled to length 1, times the weights. */
function addGrams(
  grams: SmallModelParts['grams'],
  keys: Int32Array,
  { sums, logits }: Buffers,
): void {
  const { table, rarity, weights, scales } = grams
  let known = 0
  for (const key of keys) {
    const row = gramRow(table, key)
    if (row >= 0) keys[known++] = row
  }
  const rows = keys.subarray(0, known).sort()
  sums.fill(0)
  let squares = 0
  for (let at = 0; at < known;) {
    const row = rows[at]!
    let count = 1
    while (at + count < known && rows[at + count] === row) count++
    at += count
    const value = frequencyWeights[Math.min(count, 64) - 1]! * rarity[row]!
    squares += value * value
    addRow(sums, { weights, row, factor: value * scales[row]! })
  }
  if (squares === 0) return
  const length = Math.sqrt(squares)
  for (let label = 0; label < sums.length; label++) {
    logits[label] = logits[label]! + sums[label]! / length
  }
}

/** Adds the weighted mean of the tokens' own logits. */
function addTokens(
  { weights, scales, shares }: SmallModelParts['tokens'],
  ids: Int32Array,
  { sums, logits }: Buffers,
): void {
  sums.fill(0)
  let total = 0
  for (const id of ids) {
    // A token beyond the table counts as one without a vector.
    const share = shares[id] ?? 0
    if (share === 0) continue
    total += share
    addRow(sums, { weights, row: id, factor: share * scales[id]! })
  }
  if (total === 0) return
  for (let label = 0; label < sums.length; label++) {
    logits[label] = logits[label]! + sums[label]! / total
  }
}

function addRow(
  sums: Float64Array,
  { weights, row, factor }: { weights: Int8Array; row: number; factor: number },
): void {
  const labels = sums.length
  const start = row * labels
  for (let label = 0; label < labels; label++) {
    sums[label] = sums[label]! + factor * weights[start + label]!
  }
}
