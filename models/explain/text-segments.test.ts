// Pieces of texts: joined they are the text, and the strongest word has the share 1.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { heaviestWords, textSegments } from './text-segments.ts'

const word = (text: string, start: number, attribution: number) => ({
  text,
  start,
  end: start + text.length,
  attribution,
})

it('gives each word its share of the largest attribution', () => {
  const words = [word('free', 2, 2), word('money', 7, -4)]
  expect(textSegments('a free money!', words)).toEqual([
    { text: 'a ', attribution: 0, share: 0 },
    { text: 'free', attribution: 2, share: 0.5 },
    { text: ' ', attribution: 0, share: 0 },
    { text: 'money', attribution: -4, share: 1 },
    { text: '!', attribution: 0, share: 0 },
  ])
  expect(heaviestWords(words, 1)).toEqual([words[1]])
})

it('joins to the text, whatever the words are', () => {
  const place = fc.tuple(fc.nat(30), fc.nat(6), fc.float({ noNaN: true, noDefaultInfinity: true }))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.array(place), (text, places) => {
      const words = places
        .map(([from, length, attribution]) => {
          const start = Math.min(from, text.length)
          const end = Math.min(start + length, text.length)
          return { text: text.slice(start, end), start, end, attribution }
        })
        .toSorted((a, b) => a.start - b.start)
      const segments = textSegments(text, words)
      expect(segments.map((segment) => segment.text).join('')).toBe(text)
      for (const { share } of segments) expect(share >= 0 && share <= 1).toBe(true)
    }),
  )
})
