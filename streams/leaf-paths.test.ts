// Each path that is listed leads, read by a mapping, to the value that stands beside it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePath, valueAtPath } from '../schemas/mapping/field-path.ts'
import { scalarText } from '../schemas/mapping/field-source.ts'
import { leafPaths } from './leaf-paths.ts'

describe('leafPaths', () => {
  it('writes names as a mapping takes them', () => {
    const value = {
      a: { b: [{ c: 1 }, { c: 2 }] },
      'x.y': true,
      key: 'k',
      none: null,
      big: 2n ** 60n,
    }
    expect(leafPaths({ value, key: { id: 7 }, headers: { 'x-shop.id': 'berlin' } })).toEqual([
      { path: 'a.b[0].c', value: '1' },
      { path: '["x.y"]', value: 'true' },
      { path: '["key"]', value: 'k' },
      { path: 'big', value: String(2n ** 60n) },
      { path: 'key.id', value: '7' },
      { path: 'headers.x-shop.id', value: 'berlin' },
    ])
    expect(leafPaths({ value: 'a', key: 'k', headers: {} })).toEqual([
      { path: 'value', value: 'a' },
      { path: 'key', value: 'k' },
    ])
    expect(leafPaths({ value: null, key: null, headers: {} })).toEqual([])
  })

  it('bounds their number and depth', () => {
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`f${at}`, at]))
    let deep: unknown = 1
    for (let at = 0; at < 1_000; at++) deep = { a: deep }
    expect(leafPaths({ value: wide, key: null, headers: {} })).toHaveLength(100)
    expect(leafPaths({ value: deep, key: null, headers: {} })).toEqual([])
  })

  it('lists paths that a mapping follows to the same value', () => {
    const names = fc.string({
      unit: fc.constantFrom('a', '.', ' ', '"', "'", 'ä', 'key'),
      minLength: 1,
    })
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean())
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 2 }),
        fc.dictionary(
          names.filter((name) => !(name.includes('"') && name.includes("'"))),
          tie('tree'),
        ),
      ),
    }))
    fc.assert(
      fc.property(tree, tree, (value, key) => {
        const record = { value, key, headers: { 'x.y': 'z' } }
        for (const { path, value: text } of leafPaths(record)) {
          const parsed = parsePath(path, { roots: 'record' })
          expect(parsed.kind, path).toBe('ok')
          if (parsed.kind === 'ok') expect(scalarText(valueAtPath(record, parsed.path))).toBe(text)
        }
      }),
    )
  })
})
