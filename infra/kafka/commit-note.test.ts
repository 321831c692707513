// When an offset was committed, as its note says.
import { expect, it } from 'vitest'
import { commitNote, committedAtMs } from './commit-note.ts'

it('a note gives its time back', () => {
  const ms = Date.UTC(2026, 0, 31, 12, 0, 0, 5)
  expect(commitNote(ms)).toBe('winnow 2026-01-31T12:00:00.005Z')
  expect(committedAtMs(commitNote(ms))).toBe(ms)
})

it.each([
  null,
  undefined,
  '',
  'winnow',
  'winnow yesterday',
  '2026-01-31',
  'other 2026-01-31T12:00:00Z',
])('%j says nothing', (metadata) => {
  expect(committedAtMs(metadata)).toBeUndefined()
})
