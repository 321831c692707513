// Quantises one linear layer: chooses scales of its input and weights, and rounds the weights. The
// input is uint8 with one scale for all elements, the weights are int8 with a scale per column.
//
// - Channels of the input that are much larger than others would take all levels. They are divided
//   by factors that the weights take over, as in SmoothQuant (Xiao et al. 2023, arXiv:2211.10438).
//   The exponent that balances both sides is chosen by the error that it leaves.
// - Weights are rounded one row at a time, and the rows after it make up for the error, as in
//   GPTQ (Frantar et al. 2023, arXiv:2210.17323).
// - The mean of what is left goes into the bias.
import assert from 'node:assert/strict'
import { inverseCholesky } from './inverse-cholesky.ts'

/** A linear layer in float32, and inputs that it meets. */
export type LayerSample = {
  readonly from: number
  readonly to: number
  /** float32 [from, to] row-major */
  readonly weight: Float32Array
  /** float32 [to] */
  readonly bias: Float32Array
  /** Inputs of real texts: float32 [rows, from] row-major. */
  readonly rows: Float32Array
  /** The second moments of the inputs, float32 [from, from]: the mean of x_i x_j. */
  readonly moments: Float32Array
}

/** A quantised linear layer. */
export type QuantisedLinear = {
  readonly from: number
  readonly to: number
  /** What each channel of the input is divided by before it is quantised: float32 [from]. */
  readonly factors: Float32Array | undefined
  /** The input is `(level - zero) * scale`, with levels from 0 to 255. */
  readonly scale: number
  readonly zero: number
  /** int8 [from, to] row-major */
  readonly elements: Int8Array
  /** float32 [to] */
  readonly scales: Float32Array
  /** float32 [to] */
  readonly bias: Float32Array
}

/** The largest number of an int8 weight; -128 is not used, so that the range is symmetric. */
const weightMax = 127
const levelMax = 255
/** The share of the mean square of the inputs that is added to the diagonal, as in GPTQ. */
const damping = 0.01
/** The share of a weight's rounding error that the rows after it do not make up for. */
const correctedShare = 0.5
/**
 * The share of the mean square output by which factors must lower the error to be worth a node,
 * which takes 1 to 4 % of the time of a transformer layer (measured on MiniLM).
 */
const nodeGainMin = 5e-5
/** Rows on which the size of the outputs is estimated. */
const outputRowsMax = 64
/** No channel is divided by less, which keeps channels that are always 0 finite. */
const factorMin = 1e-5

/**
 * Quantises the layer. `factors` says what dividing the input by factors costs: `node` if that is
 * an operation of its own, which is worth it only where channels differ much.
 */
export function quantiseLinear(
  layer: LayerSample,
  options: { factors: 'free' | 'node' } = { factors: 'free' },
): QuantisedLinear {
  const { from, to } = layer
  const ranges = channelRanges(layer)
  const gainMin = options.factors === 'free' ? 0 : nodeGainMin
  const factors = balancedFactors(layer, { ranges, gainMin })
  const { scale, zero } = levelsOf(ranges, factors)
  const weight = timesRows(layer.weight, factors, to)
  const scales = columnScales(weight, to)
  const moments = factors === undefined ? layer.moments : scaledMoments(layer.moments, factors)
  const elements = roundWeights(weight, { scales, moments, from, to })
  const bias = correctedBias(layer, { factors, scale, zero, weight, elements, scales })
  return { from, to, factors, scale, zero, elements, scales, bias }
}

type Ranges = { readonly least: Float32Array; readonly most: Float32Array }

/** The smallest and largest number of each channel: float32 [from] each. */
function channelRanges({ rows, from }: LayerSample): Ranges {
  const least = new Float32Array(from)
  const most = new Float32Array(from)
  for (let start = 0; start < rows.length; start += from) {
    for (let k = 0; k < from; k++) {
      const x = rows[start + k]!
      if (x < least[k]!) least[k] = x
      else if (x > most[k]!) most[k] = x
    }
  }
  return { least, most }
}

/** The factors whose exponent leaves the smallest error; undefined if they gain too little. */
function balancedFactors(
  layer: LayerSample,
  { ranges, gainMin }: { ranges: Ranges; gainMin: number },
): Float32Array | undefined {
  const columns = rowStatistics(layer)
  let best: Float32Array | undefined
  const plain = errorOf(layer, { ranges, columns, factors: undefined })
  let least = plain
  for (let exponent = 0.3; exponent < 1.05; exponent += 0.1) {
    const factors = Float32Array.from(columns.largest, (weight, k) => {
      const input = Math.max(-ranges.least[k]!, ranges.most[k]!)
      return Math.max(factorMin, input ** exponent / Math.max(weight, factorMin) ** (1 - exponent))
    })
    const error = errorOf(layer, { ranges, columns, factors })
    if (error < least) [best, least] = [factors, error]
  }
  const isWorthIt = (plain - least) / outputSquares(layer) > gainMin
  return isWorthIt ? best : undefined
}

/** The mean square of the outputs without bias, summed up over a row. */
function outputSquares({ rows, weight, from, to }: LayerSample): number {
  const count = rows.length / from
  const every = Math.max(1, Math.floor(count / outputRowsMax))
  const output = new Float64Array(to)
  let squares = 0
  let seen = 0
  for (let row = 0; row < count; row += every, seen++) {
    output.fill(0)
    for (let k = 0; k < from; k++) {
      const x = rows[row * from + k]!
      for (let n = 0; n < to; n++) output[n]! += x * weight[k * to + n]!
    }
    for (const y of output) squares += y * y
  }
  return squares / seen || 1
}

type RowStatistics = {
  /** The sum of squares of each row of the matrix: float64 [from]. */
  readonly squares: Float64Array
  /** The largest absolute weight of each row: float64 [from]. */
  readonly largest: Float64Array
}

function rowStatistics({ weight, from, to }: LayerSample): RowStatistics {
  const squares = new Float64Array(from)
  const largest = new Float64Array(from)
  for (let k = 0; k < from; k++) {
    for (let n = 0; n < to; n++) {
      const w = weight[k * to + n]!
      squares[k]! += w * w
      largest[k] = Math.max(largest[k]!, Math.abs(w))
    }
  }
  return { squares, largest }
}

/**
 * The expected square error of a row of outputs, if all rounding errors are independent and evenly
 * distributed: a step of size d has the variance d^2 / 12. Half of the error of the weights is made
 * up for.
 */
function errorOf(
  { weight, moments, from, to }: LayerSample,
  options: { ranges: Ranges; columns: RowStatistics; factors: Float32Array | undefined },
): number {
  const { ranges, columns, factors } = options
  const { scale } = levelsOf(ranges, factors)
  let weightSquares = 0
  let inputSquares = 0
  for (let k = 0; k < from; k++) {
    const factor = factors?.[k] ?? 1
    weightSquares += factor ** 2 * columns.squares[k]!
    inputSquares += moments[k * from + k]! / factor ** 2
  }
  const scales = columnScales(timesRows(weight, factors, to), to)
  const steps = scales.reduce((sum, step) => sum + step ** 2, 0)
  return (scale ** 2 * weightSquares + correctedShare * steps * inputSquares) / 12
}

/** The scale and zero point with which all inputs lie between the levels 0 and 255. */
function levelsOf(
  { least, most }: Ranges,
  factors: Float32Array | undefined,
): { scale: number; zero: number } {
  let [low, high] = [0, 0]
  for (let k = 0; k < least.length; k++) {
    const factor = factors?.[k] ?? 1
    low = Math.min(low, least[k]! / factor)
    high = Math.max(high, most[k]! / factor)
  }
  const scale = Math.fround((high - low) / levelMax) || 1
  return { scale, zero: Math.round(-low / scale) }
}

/** The matrix with each row multiplied by its factor: float32 [from, to]. */
function timesRows(
  weight: Float32Array,
  factors: Float32Array | undefined,
  to: number,
): Float32Array {
  if (factors === undefined) return weight
  const scaled = Float32Array.from(weight)
  for (const [k, factor] of factors.entries()) {
    for (let index = k * to; index < (k + 1) * to; index++) scaled[index]! *= factor
  }
  return scaled
}

/** The step of each column, so that its largest weight is 127 steps: float32 [to]. */
function columnScales(weight: Float32Array, to: number): Float32Array {
  const largest = new Float32Array(to)
  for (let start = 0; start < weight.length; start += to) {
    for (let n = 0; n < to; n++) {
      const size = Math.abs(weight[start + n]!)
      if (size > largest[n]!) largest[n] = size
    }
  }
  return largest.map((size) => size / weightMax || 1)
}

function scaledMoments(moments: Float32Array, factors: Float32Array): Float32Array {
  const from = factors.length
  return moments.map((moment, index) => {
    return moment / (factors[Math.floor(index / from)]! * factors[index % from]!)
  })
}

/**
 * Rounds row by row, those of the largest inputs first; the error of a row is made up for by the
 * rows that are rounded later (GPTQ with the order by activations).
 */
function roundWeights(
  weight: Float32Array,
  options: { scales: Float32Array; moments: Float32Array; from: number; to: number },
): Int8Array {
  const { scales, moments, from, to } = options
  const size = (k: number): number => moments[k * from + k]!
  const order = Int32Array.from({ length: from }, (_, k) => k).sort((a, b) => size(b) - size(a))
  const upper = inverseCholesky(permuted(moments, order), { size: from, damping })
  const left = Float32Array.from(weight)
  const elements = new Int8Array(from * to)
  const errors = new Float32Array(to)
  for (const [at, k] of order.entries()) {
    const pivot = upper[at * from + at]!
    for (let n = 0; n < to; n++) {
      const wanted = left[k * to + n]!
      const level = Math.max(-weightMax, Math.min(weightMax, Math.round(wanted / scales[n]!)))
      elements[k * to + n] = level
      errors[n] = (wanted - level * scales[n]!) / pivot
    }
    for (let later = at + 1; later < from; later++) {
      const share = upper[at * from + later]!
      if (share === 0) continue
      const start = order[later]! * to
      for (let n = 0; n < to; n++) left[start + n]! -= share * errors[n]!
    }
  }
  return elements
}

/** The symmetric matrix with its rows and columns in another order. */
function permuted(matrix: Float32Array, order: Int32Array): Float32Array {
  const size = order.length
  const result = new Float32Array(matrix.length)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) result[i * size + j] = matrix[order[i]! * size + order[j]!]!
  }
  return result
}

/** The bias plus the mean by which the quantised product is off: float32 [to]. */
function correctedBias(
  { rows, bias, from, to }: LayerSample,
  quantised: {
    factors: Float32Array | undefined
    scale: number
    zero: number
    weight: Float32Array
    elements: Int8Array
    scales: Float32Array
  },
): Float32Array {
  const { factors, scale, zero, weight, elements, scales } = quantised
  const count = rows.length / from
  assert.ok(Number.isInteger(count) && count > 0, 'rows have another width')
  const exact = new Float64Array(from)
  const rounded = new Float64Array(from)
  for (let start = 0; start < rows.length; start += from) {
    for (let k = 0; k < from; k++) {
      const x = rows[start + k]! / (factors?.[k] ?? 1)
      const level = Math.max(0, Math.min(levelMax, Math.round(x / scale) + zero))
      exact[k]! += x
      rounded[k]! += (level - zero) * scale
    }
  }
  return bias.map((b, n) => {
    let difference = 0
    for (let k = 0; k < from; k++) {
      const product = exact[k]! * weight[k * to + n]!
      difference += product - rounded[k]! * elements[k * to + n]! * scales[n]!
    }
    return b + difference / count
  })
}
