// The bound, the order of use, and the exactness of keys.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyOf, RowCache } from './row-cache.ts'

const rowOf = (...numbers: readonly number[]) => ({ row: Float32Array.from(numbers), batchId: 7 })

describe('keyOf', () => {
  it('is the same for the same ids and for no others, whatever memory they lie in', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const within = Int32Array.from([9, ...one, 9]).subarray(1, -1)
        expect(keyOf(within)).toBe(keyOf(Int32Array.from(one)))
        expect(keyOf(Int32Array.from(one)) === keyOf(Int32Array.from(other))).toBe(
          one.join() === other.join(),
        )
      }),
    )
  })
})

describe('RowCache', () => {
  it('keeps a copy with the batch that it came from', () => {
    const cache = new RowCache({ bytesMax: 10_000 })
    const given = rowOf(1, 2)
    cache.set('a', given)
    given.row[0] = 5
    expect(cache.get('a')).toEqual(rowOf(1, 2))
    expect(cache.get('b')).toBeUndefined()
  })

  it('makes room by the least recently used rows', () => {
    const cache = new RowCache({ bytesMax: 1_000 })
    for (const key of ['a', 'b', 'c']) cache.set(key, rowOf(1))
    cache.get('a')
    cache.set('d', rowOf(4))
    expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ])
  })

  it('never exceeds its bound, and takes nothing that alone would', () => {
    const step = fc.record({ key: fc.nat({ max: 9 }), width: fc.nat({ max: 400 }) })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const cache = new RowCache({ bytesMax: 1_500 })
        for (const { key, width } of steps) {
          cache.set(`${key}`, { row: new Float32Array(width).fill(key), batchId: 0 })
          expect(cache.bytes).toBeLessThanOrEqual(1_500)
          const found = cache.get(`${key}`)
          if (found !== undefined) expect(found.row.every((number) => number === key)).toBe(true)
        }
        const held = Array.from({ length: 10 }, (_, key) => cache.get(`${key}`)?.row)
        const bytes = held.reduce((sum, row) => sum + (row ? 301 + row.byteLength : 0), 0)
        expect(cache.bytes).toBe(bytes)
      }),
    )
  })
})
