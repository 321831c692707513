import { describe, expect, it } from 'vitest'
import { beginningOf } from '../evaluation/confused-texts.ts'
import { ForgottenTexts } from './forgotten-texts.ts'
import { holdsForgotten, prunedJson } from './pruned-json.ts'

const text = 'Dear shop,\nmy parcel 4711 never came & I want "my" money back.'
const long = `${'a long story of a parcel, '.repeat(20)}told by me`
const forgotten = new ForgottenTexts({ texts: [text, long, 'hello'], ids: ['e-7'] })

describe('a text', () => {
  it('is recognised whole, within another one, and as its beginning', () => {
    expect(forgotten.isIn(text)).toBe(true)
    expect(forgotten.isIn(text.replace('\n', ' '))).toBe(true)
    expect(forgotten.isIn(`> ${text} <`)).toBe(true)
    expect(forgotten.isIn(beginningOf(long, 300))).toBe(true)
    expect(forgotten.isIn(beginningOf(text, 300))).toBe(true)
  })

  it('is not taken for others', () => {
    expect(forgotten.isIn('my parcel 4711 never came')).toBe(false)
    expect(forgotten.isIn(`${long.slice(0, 20)}…`)).toBe(false)
    expect(forgotten.isIn('hello world')).toBe(false)
    expect(forgotten.isIn('')).toBe(false)
    expect(new ForgottenTexts({ texts: ['', '  '], ids: [] }).isEmpty).toBe(true)
  })

  it('is recognised on a page: escaped, marked word by word, cut', () => {
    const escaped = text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
    expect(forgotten.isOnPage(`<p>${escaped}</p>`)).toBe(true)
    const marked = escaped.replace('parcel', '<b class="w">par</b>cel')
    expect(forgotten.isOnPage(`<td>${marked}</td><td>0.5</td>`)).toBe(true)
    expect(forgotten.isOnPage(`<td>${beginningOf(long, 300)}</td>`)).toBe(true)
    expect(forgotten.isOnPage('<td>hello</td>')).toBe(true)
    expect(forgotten.isOnPage('<td>hello world</td><script>"hello"</script>')).toBe(false)
  })
})

describe('JSON', () => {
  it('loses the item of the innermost list that holds a text', () => {
    const value = {
      accuracy: 0.5,
      confused: [
        { truth: 'a', texts: [{ text, explained: { words: [1, 2] } }, { text: 'other' }] },
        { truth: 'b', texts: [{ text: 'hello' }] },
      ],
    }
    expect(prunedJson(value, forgotten)).toEqual({
      value: {
        accuracy: 0.5,
        confused: [
          { truth: 'a', texts: [{ text: 'other' }] },
          { truth: 'b', texts: [] },
        ],
      },
      removed: 2,
    })
  })

  it('has a mark in place of a text that is in no list', () => {
    expect(prunedJson({ shown: { text } }, forgotten)).toEqual({
      value: { shown: { text: '[forgotten]' } },
      removed: 1,
    })
  })

  it('stays the same without the texts', () => {
    const value = { a: [1, null, true, { text: 'other', id: 'e-8' }] }
    expect(prunedJson(value, forgotten)).toEqual({ value, removed: 0 })
  })

  it('loses lines by the id of their event, whatever text they have', () => {
    expect(holdsForgotten({ id: 'e-7', text: 'cleaned otherwise' }, forgotten)).toBe(true)
    expect(holdsForgotten({ id: 'e-8', text: 'cleaned otherwise' }, forgotten)).toBe(false)
    expect(holdsForgotten({ id: 'e-8', text }, forgotten)).toBe(true)
  })
})
