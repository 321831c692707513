// Reading the commit time back from the metadata of a committed offset.
import { expect, it } from 'vitest'
import { commitNote, committedAtMs } from './commit-note.ts'

it('reads the time back from a note', () => {
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
])('finds no time in %j', (metadata) => {
  expect(committedAtMs(metadata)).toBeUndefined()
})
