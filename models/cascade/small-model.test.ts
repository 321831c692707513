// The small model of a cascade: its arithmetic against a plain one, and its file.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { smallParts } from '../../tests/support/small-parts.ts'
import { buildGramTable, gramRow } from './gram-table.ts'
import { readSmallModel, writeSmallModel } from './small-model-file.ts'
import { createSmallModel, type SmallModelParts } from './small-model.ts'
import { gramCount, tokenGrams } from './token-grams.ts'

const labels = 3
const parts = smallParts()
const someIds = fc.array(fc.nat(12), { maxLength: 90 }).map((ids) => Int32Array.from(ids))

/** The same, written down as the formulas say it. */
function plainLogits({ bias, grams, tokens }: SmallModelParts, ids: Int32Array): number[] {
  const keys = new Int32Array(gramCount(ids.length))
  tokenGrams(ids, keys)
  const rows = [...keys].map((key) => gramRow(grams.table, key)).filter((row) => row >= 0)
  const values = [...new Set(rows)].map((row) => {
    const count = rows.filter((one) => one === row).length
    return { row, value: (1 + Math.log(Math.min(64, count))) * grams.rarity[row]! }
  })
  const length = Math.hypot(...values.map(({ value }) => value))
  const total = [...ids].reduce((sum, id) => sum + (tokens.shares[id] ?? 0), 0)
  return Array.from(bias, (start, label) => {
    const weight = ({ weights, scales }: SmallModelParts['grams' | 'tokens'], row: number) =>
      weights[row * labels + label]! * scales[row]!
    const ofGrams = values.reduce((sum, { row, value }) => sum + value * weight(grams, row), 0)
    const ofTokens = [...ids].reduce(
      (sum, id) => sum + (tokens.shares[id] ? tokens.shares[id] * weight(tokens, id) : 0),
      0,
    )
    return start + (length && ofGrams / length) + (total && ofTokens / total)
  })
}

describe('the small model', () => {
  it('computes TF-IDF and the mean of token vectors', () => {
    const model = createSmallModel(parts)
    fc.assert(
      fc.property(someIds, (ids) => {
        const expected = plainLogits(parts, ids)
        for (const [label, logit] of model.logits(ids).entries()) {
          expect(logit).toBeCloseTo(expected[label]!, 9)
        }
      }),
    )
  })

  it('gives the same bits whatever it was asked before', () => {
    const model = createSmallModel(parts)
    fc.assert(
      fc.property(someIds, someIds, (ids, others) => {
        const fresh = [...createSmallModel(parts).logits(ids)]
        model.logits(others)
        expect([...model.logits(ids)]).toEqual(fresh)
      }),
    )
  })
})

describe('its file', () => {
  it('is read as it was written, and the same parts give the same bytes', () => {
    const file = writeSmallModel(parts)
    expect(readSmallModel(file, { labels })).toEqual(parts)
    expect(Buffer.from(writeSmallModel(parts)).equals(Buffer.from(file))).toBe(true)
  })

  it('is refused when it is cut off anywhere, or for other labels', () => {
    const file = writeSmallModel(parts)
    for (let end = 0; end < file.length; end += 7) {
      expect(() => readSmallModel(file.subarray(0, end), { labels })).toThrow(/cannot be read/)
    }
    expect(() => readSmallModel(file, { labels: 4 })).toThrow(/3 elements instead of 4/)
  })

  it('is refused with numbers that are not finite, or a table without an empty slot', () => {
    const nan = { ...parts, bias: Float32Array.of(0, Number.NaN, 0) }
    expect(() => readSmallModel(writeSmallModel(nan), { labels })).toThrow(/not finite/)
    const table = Int32Array.from(parts.grams.table, (value) => (value === 0 ? 7 : value))
    const full = { ...parts, grams: { ...parts.grams, table } }
    expect(() => readSmallModel(writeSmallModel(full), { labels })).toThrow(/damaged/)
  })
})

it('finds every key of a table, and no other', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 31 - 1 })), (keys) => {
      const table = buildGramTable(Int32Array.from(keys))
      expect(keys.map((key) => gramRow(table, key))).toEqual(keys.map((_, row) => row))
      expect(gramRow(table, -5)).toBe(-1)
    }),
  )
})
