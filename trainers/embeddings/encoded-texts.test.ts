// Packing, padding and renumbering preserve every id.
import { expect, test } from 'vitest'
import { lengthsOf, packTexts, padBatch, renumberIds } from './encoded-texts.ts'

const texts = packTexts([Int32Array.of(1, 7, 2), Int32Array.of(1, 2), Int32Array.of(1, 9, 7, 2)])

test('packs texts one after the other', () => {
  expect([...lengthsOf(texts)]).toEqual([3, 2, 4])
  expect(lengthsOf(packTexts([]))).toHaveLength(0)
})

test('pads a batch to its longest text with id 0', () => {
  expect(padBatch(texts, Int32Array.of(2, 1))).toEqual({
    batch: 2,
    tokens: 4,
    lengths: Int32Array.of(4, 2),
    ids: Int32Array.of(1, 9, 7, 2, 1, 2, 0, 0),
  })
})

test('renumbered ids refer to the same words', () => {
  const { ids } = padBatch(texts, Int32Array.of(0, 2))
  const { used, places } = renumberIds(ids)
  expect([...used]).toEqual([0, 1, 2, 7, 9])
  expect(places.map((place) => used[place]!)).toEqual(ids)
})
