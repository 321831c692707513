// Cursors of dead letters name exactly one place.
import { expect, it } from 'vitest'
import { letterCursor, readLetterCursor } from './letter-cursor.ts'

it.each(['', 'mail'])('a cursor is read as it was written, for the model %j', (model) => {
  const position = {
    rejectedAtMs: 1_738_324_800_120,
    topic: 'winnow.events',
    partition: 3,
    offset: 9_007_199_254_740_993n,
    recordTimeMs: 1_738_324_800_000,
    attempt: 2,
    model,
  }
  expect(readLetterCursor(letterCursor(position))).toEqual(position)
})

it.each(['', '1', '1~0~2~3~4~t', '1~-1~2~3~4~t~', '1~0~2~3~4~~', '01~0~2~3~4~t~'])(
  '%j is no cursor',
  (text) => {
    expect(readLetterCursor(text)).toBeUndefined()
  },
)
