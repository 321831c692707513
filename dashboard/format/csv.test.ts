import fc from 'fast-check'
import { expect, it } from 'vitest'
import { csvRows, csvText, jsonLines } from './csv.ts'

it('reads what it writes', () => {
  const value = fc.string({ unit: 'grapheme' }).filter((text) => !/^['=+\-@\t\r]/.test(text))
  const rows = fc.array(fc.record({ text: value, label: value.map((text) => `x${text}`) }))
  fc.assert(
    fc.property(rows, (given) => {
      expect(csvRows(csvText(['text', 'label'], given))).toEqual(given)
    }),
  )
})

it('reads semicolons, tabs, a byte order mark and short lines', () => {
  expect(csvRows('\uFEFFtext;label\r\n"a ""b"";c";spam\r\nd\r\n')).toEqual([
    { text: 'a "b";c', label: 'spam' },
    { text: 'd', label: '' },
  ])
  expect(csvRows('a\tb\n1\t\n')).toEqual([{ a: '1', b: '' }])
  expect(csvRows('')).toEqual([])
})

it('refuses a quote that never ends', () => {
  expect(() => csvRows('text\n"abc')).toThrow('never ends')
})

it('writes no formula', () => {
  const rows = [{ text: '=HYPERLINK("x")', score: '-0.5' }]
  expect(csvText(['text', 'score'], rows)).toBe('text,score\r\n"\'=HYPERLINK(""x"")",-0.5\r\n')
})

it('writes one JSON object per line', () => {
  expect(jsonLines([{ a: 'x\ny' }, {}])).toBe('{"a":"x\\ny"}\n{}\n')
})
