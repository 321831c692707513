// Splitting without parsing agrees with the parser on every JSON text, however it is written.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finish } from '../../models/runtime/sliced-work.ts'
import { countEntries, cutArray } from './json-cut.ts'

function entriesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value) as unknown[]
  return Math.max(1, inner.length) + inner.reduce<number>((sum, one) => sum + entriesOf(one), 0)
}

const count = (text: string, entriesMax = Infinity) => {
  const body = Buffer.from(text)
  return finish(countEntries(body, { from: 0, to: body.length, entriesMax }))
}
const cut = (text: string, itemsMax = 1_000) => {
  const body = Buffer.from(text)
  const array = finish(cutArray(body, 0, itemsMax))
  return array?.items.map(({ from, to, entries }) => [body.toString('utf8', from, to), entries])
}

describe('cutArray', () => {
  it('splits where the parser would, and counts the entries of an item', () => {
    const spaces = fc.constantFrom(undefined, 1, '\t')
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), spaces, (values, space) => {
        const items = cut(JSON.stringify(values, null, space))!
        expect(items.map(([text]) => JSON.parse(String(text)) as unknown)).toEqual(
          JSON.parse(JSON.stringify(values)),
        )
        expect(items.map(([, entries]) => entries)).toEqual(values.map(entriesOf))
      }),
    )
  })

  it.each([
    ['[]', []],
    ['[ \n ]', []],
    [
      '["a,]\\"[,b", "\\\\"]',
      [
        ['"a,]\\"[,b"', 0],
        [' "\\\\"', 0],
      ],
    ],
    [
      '[1,]',
      [
        ['1', 0],
        ['', 0],
      ],
    ],
    [
      '[,]',
      [
        ['', 0],
        ['', 0],
      ],
    ],
    ['[1', undefined],
    ['["a]', undefined],
    ['[1}', undefined],
    ['[[1]', undefined],
  ])('%s', (text, expected) => {
    expect(cut(text)).toEqual(expected)
  })

  it('stops after one item too many', () => {
    expect(cut(`[${'1,'.repeat(100)}1]`, 3)).toHaveLength(4)
  })
})

describe('countEntries', () => {
  it('counts the entries of any value, at least as many as its depth', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(count(JSON.stringify(value))).toBe(entriesOf(value))
      }),
    )
    expect(count('['.repeat(500) + ']'.repeat(500))).toBe(500)
  })

  it('stops one entry above the limit', () => {
    expect(count('[1,1,1,1,1,1,1]', 3)).toBe(4)
  })

  it('does not search for the end of a string after the end of its line', () => {
    const body = Buffer.from('"x\n'.repeat(200_000))
    const startMs = performance.now()
    for (let from = 0; from < body.length; from += 3) {
      finish(countEntries(body, { from, to: from + 2, entriesMax: 5 }))
    }
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})
