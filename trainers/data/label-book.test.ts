import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabelBook, type Word } from './label-book.ts'

function bookOf(words: readonly Word[]): LabelBook {
  const book = new LabelBook()
  for (const word of words) book.add(word)
  return book
}

const word = (by: string, label: string | null, timeMs: number, offset = timeMs): Word => ({
  eventId: 'e',
  by,
  label,
  timeMs,
  at: [0, offset],
})

describe('LabelBook', () => {
  it('takes the latest word of one person, whatever the order of arrival', () => {
    const words = [word('ann', 'spam', 1), word('ann', 'ham', 3), word('ann', 'news', 2)]
    expect(bookOf(words).labelOf('e')).toBe('ham')
    expect(bookOf(words.toReversed()).labelOf('e')).toBe('ham')
  })

  it('forgets what a person took back, and falls back to another person', () => {
    const words = [word('bob', 'spam', 1), word('ann', 'ham', 2), word('ann', null, 3)]
    expect(bookOf(words).labelOf('e')).toBe('spam')
    expect(bookOf(words.slice(1)).labelOf('e')).toBeUndefined()
    expect(bookOf(words).labelOf('another')).toBeUndefined()
  })

  it('gives the same label for every order of arrival', () => {
    const said = fc.record({
      by: fc.constantFrom('ann', 'bob', 'eve'),
      label: fc.constantFrom('spam', 'ham', null),
      timeMs: fc.integer({ min: 0, max: 4 }),
    })
    const words = fc
      .array(said)
      .map((all) => all.map((one, offset) => ({ ...word(one.by, one.label, one.timeMs, offset) })))
    const shuffled = words.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(bookOf(other).labelOf('e')).toBe(bookOf(all).labelOf('e'))
      }),
    )
  })
})
