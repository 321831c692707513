// The cache of word ids: what it remembers, and that fullness and collisions only cost time.
import { expect, test } from 'vitest'
import { cachedUnitsMax, WordCache } from './word-cache.ts'

const remembered = (cache: WordCache, text: string): number[] | undefined => {
  const record = cache.find(text, 0, text.length)
  if (record < 0) return undefined
  const found: number[] = []
  cache.append(record, found)
  return found
}

test('words are found by their units inside any text', () => {
  const cache = new WordCache()
  cache.add('the cat sat', 4, 7, [7, 8])
  cache.add('\u4f60\u597d', 0, 2, [])
  expect(remembered(cache, 'cat')).toEqual([7, 8])
  expect(remembered(cache, '\u4f60\u597d')).toEqual([])
  for (const other of ['ca', 'cats', 'cat\0', 'Cat', '', 'act']) {
    expect(remembered(cache, other), other).toBeUndefined()
  }
})

test('words that are long or have many ids are not remembered', () => {
  const cache = new WordCache()
  const longest = 'x'.repeat(cachedUnitsMax)
  cache.add(longest, 0, longest.length, [1])
  cache.add(`${longest}x`, 0, longest.length + 1, [2])
  cache.add('many', 0, 4, new Array<number>(65).fill(3))
  expect(remembered(cache, longest)).toEqual([1])
  expect(remembered(cache, `${longest}x`)).toBeUndefined()
  expect(remembered(cache, 'many')).toBeUndefined()
})

test('of more words than it holds, each is either forgotten or has its own ids', () => {
  const cache = new WordCache()
  let known = 0
  for (let i = 0; i < 120_000; i++) {
    const word = `word-${i}`
    cache.add(word, 0, word.length, [i, i + 1])
    const earlier = i >> 1
    const ids = remembered(cache, `word-${earlier}`)
    if (ids === undefined) continue
    known++
    if (ids[0] !== earlier || ids[1] !== earlier + 1) expect(ids).toEqual([earlier, earlier + 1])
  }
  expect(known).toBeGreaterThan(40_000)
  expect(remembered(cache, 'word-119999')).toEqual([119_999, 120_000])
})

test('the largest records fit until it is emptied', () => {
  const cache = new WordCache()
  const ids = Array.from({ length: 64 }, (_, i) => i)
  for (let i = 0; i < 20_000; i++) {
    const word = String(i).padStart(cachedUnitsMax, '0')
    cache.add(word, 0, word.length, ids)
    if (i % 100 === 0) expect(remembered(cache, word)).toEqual(ids)
  }
})
