// The numbers of one quantised layer, computed in plain arithmetic.
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../runtime/seeded-random.ts'
import { inverseCholesky } from './inverse-cholesky.ts'
import { quantiseLinear, type LayerSample, type QuantisedLinear } from './quantise-linear.ts'

const [from, to, count] = [24, 16, 200]

/** A layer whose inputs share directions, so that errors can be made up for; channel 5 is large. */
function sample(large: number): LayerSample {
  const random = seededRandom(3)
  const number = (): number => random.uint32() / 2 ** 31 - 1
  const rows = new Float32Array(count * from)
  for (let row = 0; row < count; row++) {
    const shared = number()
    for (let k = 0; k < from; k++) rows[row * from + k] = shared + 0.3 * number()
    rows[row * from + 5]! *= large
  }
  const moments = new Float32Array(from * from)
  for (let i = 0; i < from; i++) {
    for (let j = 0; j < from; j++) {
      let sum = 0
      for (let row = 0; row < count; row++) sum += rows[row * from + i]! * rows[row * from + j]!
      moments[i * from + j] = sum / count
    }
  }
  const weight = Float32Array.from({ length: from * to }, number)
  return { from, to, rows, moments, weight, bias: Float32Array.from({ length: to }, number) }
}

/** The root mean square difference between the outputs of both layers. */
function errorOf(layer: LayerSample, quantised: QuantisedLinear): number {
  const { factors, scale, zero, elements, scales, bias } = quantised
  let squares = 0
  for (let row = 0; row < count; row++) {
    const x = layer.rows.subarray(row * from, (row + 1) * from)
    for (let n = 0; n < to; n++) {
      let [exact, rounded] = [layer.bias[n]!, bias[n]!]
      for (let k = 0; k < from; k++) {
        exact += x[k]! * layer.weight[k * to + n]!
        const level = Math.round(x[k]! / (factors?.[k] ?? 1) / scale) + zero
        const saturated = Math.max(0, Math.min(255, level)) - zero
        rounded += saturated * scale * elements[k * to + n]! * scales[n]!
      }
      squares += (exact - rounded) ** 2
    }
  }
  return Math.sqrt(squares / (count * to))
}

describe('quantiseLinear', () => {
  it('divides the channel that is much larger than the others', () => {
    const { factors } = quantiseLinear(sample(100))
    const others = factors!.filter((_, k) => k !== 5)
    expect(factors![5]).toBeGreaterThan(5 * Math.max(...others))
  })

  it('keeps the error small, with and without a large channel', () => {
    expect(errorOf(sample(1), quantiseLinear(sample(1)))).toBeLessThan(0.02)
    const large = sample(100)
    const quantised = quantiseLinear(large)
    // Without factors, a level would be about 1, and its rounding alone would leave 0.8.
    expect(errorOf(large, quantised)).toBeLessThan(0.2)
  })

  it('rounds weights better than to the nearest level', () => {
    const layer = sample(1)
    const quantised = quantiseLinear(layer)
    const { factors, scales } = quantised
    const nearest = layer.weight.map((w, at) => {
      return (w * (factors?.[Math.floor(at / to)] ?? 1)) / scales[at % to]!
    })
    const elements = Int8Array.from(nearest, Math.round)
    expect(elements).not.toEqual(quantised.elements)
    expect(errorOf(layer, quantised)).toBeLessThan(
      errorOf(layer, { ...quantised, elements, bias: layer.bias }),
    )
  })

  it('takes inputs and weights that are all 0', () => {
    const zeros = { weight: new Float32Array(from * to), rows: new Float32Array(count * from) }
    const layer = { ...sample(1), ...zeros, moments: new Float32Array(from * from) }
    const { elements, bias } = quantiseLinear(layer)
    expect(elements.every((element) => element === 0)).toBe(true)
    expect(bias).toEqual(layer.bias)
  })
})

describe('inverseCholesky', () => {
  it('is the upper factor of the inverse', () => {
    const { moments } = sample(2)
    const damping = 0.01
    const upper = inverseCholesky(moments, { size: from, damping })
    let trace = 0
    for (let i = 0; i < from; i++) trace += moments[i * from + i]!
    const inverse = (i: number, j: number): number => {
      let sum = 0
      for (let k = 0; k < from; k++) sum += upper[k * from + i]! * upper[k * from + j]!
      return sum
    }
    for (let i = 0; i < from; i++) {
      for (let j = 0; j < i; j++) expect(upper[i * from + j]).toBe(0)
      for (let j = 0; j < from; j++) {
        let product = 0
        for (let k = 0; k < from; k++) {
          const damped = moments[i * from + k]! + (i === k ? (damping * trace) / from : 0)
          product += damped * inverse(k, j)
        }
        expect(product).toBeCloseTo(i === j ? 1 : 0, 6)
      }
    }
  })
})
