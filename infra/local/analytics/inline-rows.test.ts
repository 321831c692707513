import { describe, expect, it } from 'vitest'

import { inlineRows, rowStarts, rowsFrom } from './inline-rows.ts'

const rows = (format: string, text: string) => inlineRows(format, Buffer.from(text))
const evil = "SELECT 1 INTO OUTFILE '/tmp/x'"

describe('inlineRows', () => {
  it('returns rows unchanged', () => {
    expect(rows('CSV', '1,"a;\nb"\n2,c\n')).toBe('1,"a;\nb"\n2,c\n')
    expect(rows('JSONEachRow', '\n{"a":1}\n{"a":2}\n\n')).toBe('{"a":1}\n{"a":2}')
    expect(rows('Values', "(1, 'a;--b'), (f(2), 'it\\'s')\n;\n")).toBe(
      "(1, 'a;--b'), (f(2), 'it\\'s')\n",
    )
  })

  it.each([
    ['CSV', `1\n\n${evil}`],
    ['TabSeparated', `1\n\n${evil}`],
    ['JSONEachRow', `{"a":1}\n\n${evil}`],
    ['Values', `(1); ${evil}`],
    ['Values', `(1) -- ' \n; ${evil} -- '`],
    ['Values', `(1) /* ' */; ${evil} /* ' */`],
    ['Values', `($a$'$a$); ${evil} --'`],
    ['Values', `('a) ; ${evil}`],
    ['CSV', '1,a\0b'],
  ])('refuses rows of %s that the engine could read as a statement: %s', (format, text) => {
    expect(() => rows(format, text)).toThrow(/The rows|The VALUES list/)
  })

  it('refuses invalid UTF-8, which would not arrive unchanged', () => {
    expect(() => inlineRows('Native', Buffer.from([0xff, 0xfe]))).toThrow('not UTF-8')
  })
})

describe('where rows begin', () => {
  const behind = (text: string, format: string) =>
    [...rowStarts(text, format)].map((end) =>
      rowsFrom(Buffer.from(text), text.slice(0, end)).toString(),
    )

  it('is after the format or the word VALUES', () => {
    expect(behind('INSERT INTO é FORMAT CSV ;\r\n1\n', 'CSV')).toEqual(['1\n'])
    expect(behind('insert into t (a) values (1)', 'Values')).toEqual(['(1)'])
  })

  it('is searched for in a bounded number of places', () => {
    expect(behind('FORMAT a '.repeat(100), 'CSV')).toHaveLength(8)
  })
})
