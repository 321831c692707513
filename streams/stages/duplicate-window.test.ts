import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DuplicateWindow } from './duplicate-window.ts'

const first = (offset: number) => ({ offset, attempt: 0 })

describe('DuplicateWindow', () => {
  it('names the event that had the id before', () => {
    const window = new DuplicateWindow(2)
    expect(window.earlier('a', first(5))).toBeUndefined()
    expect(window.earlier('a', first(6))).toBe(5)
    expect(window.earlier('a', first(7))).toBe(5)
  })

  it('takes the same offset, or a lower one, for the record delivered again', () => {
    const window = new DuplicateWindow(2)
    window.earlier('a', first(5))
    expect(window.earlier('a', first(5))).toBeUndefined()
    expect(window.earlier('a', first(3))).toBeUndefined()
    expect(window.earlier('a', first(5))).toBe(3)
  })

  it('forgets the oldest ids when it is full', () => {
    const window = new DuplicateWindow(2)
    for (const [offset, id] of ['a', 'b', 'c'].entries())
      expect(window.earlier(id, first(offset))).toBeUndefined()
    expect(window.earlier('b', first(9))).toBe(1)
    expect(window.earlier('a', first(9))).toBeUndefined()
  })

  it('forgets no other id for one that it knows already', () => {
    const window = new DuplicateWindow(2)
    window.earlier('a', first(5))
    window.earlier('b', first(6))
    window.earlier('b', first(4))
    expect(window.earlier('a', first(9))).toBe(5)
  })

  it('remembers nothing with size 0', () => {
    const window = new DuplicateWindow(0)
    expect(window.earlier('a', first(0))).toBeUndefined()
    expect(window.earlier('a', first(1))).toBeUndefined()
  })

  it('keeps an id for the event that took it, whatever its offset, from one that is sent again', () => {
    const window = new DuplicateWindow(2)
    expect(window.earlier('a', first(9))).toBeUndefined()
    expect(window.earlier('a', { offset: 4, attempt: 1 })).toBe(9)
    expect(window.earlier('a', { offset: 9, attempt: 1 })).toBeUndefined()
    expect(window.earlier('a', first(4))).toBeUndefined()
  })

  it('tells exactly the duplicates among the last ids, for any size', () => {
    const ids = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { maxLength: 60 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), ids, (size, sequence) => {
        const window = new DuplicateWindow(size)
        /** Ids with the offsets that took them, the oldest first. */
        let known: [id: string, offset: number][] = []
        for (const [offset, id] of sequence.entries()) {
          const expected = known.find(([one]) => one === id)?.[1]
          expect(window.earlier(id, first(offset))).toBe(expected)
          if (expected === undefined)
            known = [...known, [id, offset] satisfies [string, number]].slice(-size)
        }
      }),
    )
  })
})
