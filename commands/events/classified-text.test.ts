// How one classified text is shown to a person.
import { expect, test } from 'vitest'
import type { ClassifiedLine } from '../../trainers/evaluation/classify-file.ts'
import { classifiedText } from './classified-text.ts'

const line: ClassifiedLine = {
  id: '1',
  label: 'spam',
  score: 0.7,
  labels: ['spam'],
  outOfScope: 0.1,
  probabilities: { eggs: 0.05, ham: 0.2, spam: 0.7, tea: 0.05 },
  tokens: 5,
  truncated: false,
  answeredBy: '',
}
const plain = { width: 40, style: (_: unknown, text: string) => text }

test('the text, its label and score, and the likeliest three', () => {
  expect(classifiedText({ text: 'free\tmoney\nnow', line }, plain)).toBe(
    'free money now\n  spam 70.0 %   top 3: spam 70.0 %, ham 20.0 %, eggs 5.0 %',
  )
})

test('a long text is cut to the width, with a note that only its start was read', () => {
  const long = classifiedText({ text: '🙂'.repeat(99), line: { ...line, truncated: true } }, plain)
  expect(long.split('\n')[0]).toBe(`${'🙂'.repeat(38)}…`)
  expect(long).toMatch(/; only the start was read$/)
})

test('no label, several labels, an empty text', () => {
  const none = { ...line, label: 'winnow.none', labels: [], score: 0.3 }
  expect(classifiedText({ text: 'a', line: none }, plain)).toContain('  winnow.none 30.0 %   top 3')
  const two = { ...line, labels: ['spam', 'ham'] }
  expect(classifiedText({ text: 'a', line: two }, plain)).toContain('  spam, ham 70.0 %   top 3')
  const empty = { id: '4', error: { code: 'text_empty', message: '' } } as const
  expect(classifiedText({ text: '', line: empty }, plain)).toContain('empty text, no label')
})
