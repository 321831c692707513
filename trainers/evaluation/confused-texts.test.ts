// The texts behind the most frequent mistakes.
import { expect, test } from 'vitest'
import { confusedTexts } from './confused-texts.ts'

const labels = ['ham', 'spam']
const predictions = {
  truth: Int32Array.of(0, 0, 0, 0, 1),
  probabilities: Float32Array.of(0.9, 0.1, 0.4, 0.6, 0.2, 0.8, 0.3, 0.7, 0.75, 0.25),
}
const pairs = [
  { truth: 'ham', predicted: 'spam', count: 3 },
  { truth: 'spam', predicted: 'ham', count: 1 },
]

test('gives the texts of each pair, the surest mistake first', () => {
  const texts = ['a', 'b', 'c', 'd', 'e']
  expect(confusedTexts(pairs, { predictions, labels, texts })).toEqual([
    {
      truth: 'ham',
      predicted: 'spam',
      texts: [
        { text: 'c', confidence: 0.8 },
        { text: 'd', confidence: 0.7 },
        { text: 'b', confidence: 0.6 },
      ],
    },
    { truth: 'spam', predicted: 'ham', texts: [{ text: 'e', confidence: 0.75 }] },
  ])
})

test('shortens long texts without cutting a character in two', () => {
  const texts = ['a', 'b', '😀'.repeat(400), 'd\n\td', 'e']
  const [first] = confusedTexts(pairs, { predictions, labels, texts })
  expect(first!.texts[0]!.text).toBe(`${'😀'.repeat(300)}…`)
  expect(first!.texts[1]!.text).toBe('d d')
})
