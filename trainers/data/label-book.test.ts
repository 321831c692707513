import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabelBook, type LabelStatement } from './label-book.ts'

function bookOf(statements: readonly LabelStatement[]): LabelBook {
  const book = new LabelBook()
  for (const statement of statements) book.add(statement)
  return book
}

const statement = (
  by: string,
  label: string | null,
  timeMs: number,
  offset = timeMs,
): LabelStatement => ({
  eventId: 'e',
  by,
  label,
  timeMs,
  at: [0, offset],
})

describe('LabelBook', () => {
  it('takes the latest statement of a person, whatever the order of arrival', () => {
    const statements = [
      statement('ann', 'spam', 1),
      statement('ann', 'ham', 3),
      statement('ann', 'news', 2),
    ]
    expect(bookOf(statements).labelOf('e')).toBe('ham')
    expect(bookOf(statements.toReversed()).labelOf('e')).toBe('ham')
  })

  it('ignores a retracted statement, and falls back to another person', () => {
    const statements = [
      statement('bob', 'spam', 1),
      statement('ann', 'ham', 2),
      statement('ann', null, 3),
    ]
    expect(bookOf(statements).labelOf('e')).toBe('spam')
    expect(bookOf(statements.slice(1)).labelOf('e')).toBeUndefined()
    expect(bookOf(statements).labelOf('another')).toBeUndefined()
  })

  it('gives the same label for every order of arrival', () => {
    const said = fc.record({
      by: fc.constantFrom('ann', 'bob', 'eve'),
      label: fc.constantFrom('spam', 'ham', null),
      timeMs: fc.integer({ min: 0, max: 4 }),
    })
    const statements = fc
      .array(said)
      .map((all) =>
        all.map((one, offset) => ({ ...statement(one.by, one.label, one.timeMs, offset) })),
      )
    const shuffled = statements.chain((all) =>
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
