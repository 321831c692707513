// Words over many texts: means per text that holds them, order, and what is left out.
import { expect, it } from 'vitest'
import { sumLabelWords } from './label-words.ts'

function explained(label: string, words: Readonly<Record<string, number>>) {
  return {
    label,
    words: Object.entries(words).map(([text, attribution], at) => {
      return { text, start: at, end: at + 1, attribution }
    }),
  }
}

it('adds up words per label, in lower case, and counts texts and occurrences', () => {
  const sums = sumLabelWords()
  sums.add(explained('spam', { Free: 2, free: 1, the: 0.1 }))
  sums.add(explained('spam', { FREE: 1, the: -0.3, hello: -1 }))
  sums.add(explained('ham', { free: -2, hello: 1 }))
  sums.add(explained('spam', { hello: -2, once: 9, '': 9 }))
  expect(sums.result()).toEqual([
    { label: 'ham', texts: 1, wordsFor: [], wordsAgainst: [] },
    {
      label: 'spam',
      texts: 3,
      wordsFor: [{ word: 'free', texts: 2, occurrences: 3, meanAttribution: 2 }],
      wordsAgainst: [
        { word: 'hello', texts: 2, occurrences: 2, meanAttribution: -1.5 },
        {
          word: 'the',
          texts: 2,
          occurrences: 2,
          meanAttribution: expect.closeTo(-0.1, 9) as number,
        },
      ],
    },
  ])
})

it('gives the heaviest words first, as many as wanted', () => {
  const sums = sumLabelWords()
  sums.add(explained('a', { x: 1, y: 3, z: 2, w: 2 }))
  const [words] = sums.result({ wordsMax: 3, textsMin: 1 })
  expect(words!.wordsFor.map(({ word }) => word)).toEqual(['y', 'w', 'z'])
})
