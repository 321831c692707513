// Which paths there are, what is wrong with others, and where they lead.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePath, valueAtPath } from './field-path.ts'

const record = {
  value: {
    order: { note: 'a', lines: [{ text: 'b' }, { text: 'c' }] },
    'x.y': { 'z[0]': 'd' },
    key: 'of the value',
    value: 'inner',
    headers: { 'a.b': 'no header' },
  },
  key: { customer: 7 },
  headers: { 'x.shop': 'berlin', plain: 'e' },
}

function at(path: string, roots: 'record' | 'value' = 'record'): unknown {
  const parsed = parsePath(path, { roots })
  return parsed.kind === 'ok' ? valueAtPath(record, parsed.path) : `wrong: ${parsed.problem}`
}

describe('a path', () => {
  it.each([
    ['order.note', 'a'],
    ['order.lines[1].text', 'c'],
    ['order.lines.0.text', 'b'],
    ['["x.y"]["z[0]"]', 'd'],
    ["['x.y']['z[0]']", 'd'],
    ['order.none.deeper', undefined],
    ['order.constructor', undefined],
    ['order.lines.length', 2],
    ['key', { customer: 7 }],
    ['key.customer', 7],
    ['["key"]', 'of the value'],
    ['value.key', 'of the value'],
    ['value.value', 'inner'],
    ['headers.x.shop', 'berlin'],
    ['headers.plain', 'e'],
    ['headers.none', undefined],
    ['value.headers["a.b"]', 'no header'],
  ])('%s leads to %j', (path, value) => {
    expect(at(path)).toEqual(value)
  })

  it('leads into the value alone where there is nothing else', () => {
    expect([at('key', 'value'), at('value', 'value')]).toEqual(['of the value', 'inner'])
    expect(at('headers["a.b"]', 'value')).toBe('no header')
  })

  it.each([
    ['', 'is empty'],
    ['a..b', 'has no name at character 3'],
    ['.a', 'has no name at character 1'],
    ['a.', 'has no name at character 3'],
    ['a[b]', 'has no name at character 2'],
    ['a[1', 'has no name at character 2'],
    ['a["b]', 'has no name at character 2'],
    ['a]', 'has something unexpected at character 2'],
    ['headers', 'must name a header: headers.NAME'],
    ['headers.', 'names no header'],
    [Array.from({ length: 40 }, () => 'a').join('.'), 'leads deeper than 32 names'],
  ])('%j %s', (path, problem) => {
    expect(at(path)).toBe(`wrong: ${problem}`)
  })

  it('is optional with a question mark, which is no part of it', () => {
    expect(parsePath('order.note?', { roots: 'record' })).toMatchObject({
      path: { text: 'order.note', names: ['order', 'note'], isOptional: true },
    })
    expect(parsePath('order.note?', { roots: 'value' })).toMatchObject({
      path: { names: ['order', 'note?'], isOptional: false },
    })
  })

  it('of quoted names leads to exactly these', () => {
    const name = fc.string({ minLength: 1 }).filter((one) => !one.includes('"'))
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 8 }), (names) => {
        const parsed = parsePath(names.map((one) => `["${one}"]`).join(''), { roots: 'record' })
        expect(parsed).toMatchObject({ kind: 'ok', path: { root: 'value', names } })
      }),
    )
  })

  it('of any text is parsed or refused, without an exception', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['ok', 'rejected']).toContain(parsePath(text, { roots: 'record' }).kind)
      }),
    )
  })
})
