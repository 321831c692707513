// One of a thing, or several.
import { expect, test } from 'vitest'
import { counted } from './counted.ts'

test.each([
  [counted(0, 'label'), '0 labels'],
  [counted(1, 'label'), '1 label'],
  [counted(2_000, 'label'), '2,000 labels'],
  [counted(1, 'entry', 'entries'), '1 entry'],
  [counted(2, 'entry', 'entries'), '2 entries'],
  [counted(0.9, 'event'), '1 event'],
])('%s', (text, expected) => {
  expect(text).toBe(expected)
})
