// What paths and templates give for a record.
import { describe, expect, it } from 'vitest'
import { parseSource, readSource } from './field-source.ts'

const record = {
  value: {
    title: 'T',
    body: 'B',
    count: 3,
    big: 9007199254740993n,
    open: false,
    none: null,
    empty: '',
    list: [1],
    raw: Buffer.from('x'),
  },
  key: 'k',
  headers: {},
}

function read(written: string) {
  const parsed = parseSource(written, { roots: 'record' })
  return parsed.kind === 'ok' ? readSource(record, parsed.source) : parsed.problem
}

const text = (given: string) => ({ kind: 'text', text: given })

describe('a source', () => {
  it.each([
    ['title', text('T')],
    ['{title}\n\n{body}', text('T\n\nB')],
    ['order {count}: {open}', text('order 3: false')],
    ['big', text('9007199254740993')],
    ['empty', text('')],
    ['{key}-{title}', text('k-T')],
    ['missing?', { kind: 'absent' }],
    ['none?', { kind: 'absent' }],
    ['{missing?} {none?}', { kind: 'absent' }],
    ['{title} {missing?}', text('T ')],
    ['missing', { kind: 'missing', path: 'missing' }],
    ['none', { kind: 'missing', path: 'none' }],
    ['{title} {body.text}', { kind: 'missing', path: 'body.text' }],
    ['list', { kind: 'not_text', path: 'list', what: 'a list' }],
    ['value?', { kind: 'not_text', path: 'value', what: 'an object' }],
    ['{raw}', { kind: 'not_text', path: 'raw', what: 'bytes' }],
  ])('%j gives %j', (written, found) => {
    expect(read(written)).toEqual(found)
  })

  it.each([
    ['{}', 'has a brace but no path in braces, such as {title}'],
    ['{title', 'has a brace but no path in braces, such as {title}'],
    ['{a..b}', 'has the path {a..b}, which has no name at character 3'],
    ['{a}'.repeat(70), 'has more than 64 parts'],
  ])('%j %s', (written, problem) => {
    expect(read(written)).toBe(problem)
  })
})
