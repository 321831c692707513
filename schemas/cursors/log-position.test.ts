// Cursors of the log name exactly one place, and places are in order.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  comparePositions,
  logCursor,
  logCursorPattern,
  readLogCursor,
  type LogPosition,
} from './log-position.ts'

const row = fc.record({
  topic: fc.constantFrom('a', 'b.events', 'B'),
  partition: fc.nat(3),
  offset: fc.oneof(fc.nat(20), fc.constant(9_007_199_254_740_993n)),
  model: fc.constantFrom('mail', 'intent'),
  version: fc.constantFrom('1', '2'),
})
const position: fc.Arbitrary<LogPosition> = fc.oneof(
  fc.record({ block: fc.nat(3) }),
  fc.record({ block: fc.nat(3), row }),
)

it('a cursor is read as it was written', () => {
  fc.assert(
    fc.property(position, (one) => {
      const cursor = logCursor(one)
      expect(cursor).toMatch(new RegExp(logCursorPattern))
      expect(readLogCursor(cursor)).toEqual(one)
    }),
  )
})

it.each(['', '-1', '01', '1~', '1~2', '1~0~0~t~m', '1~0~0~t~m~1~', 'x', '1234567890123456'])(
  '%j is no cursor',
  (text) => {
    expect(readLogCursor(text)).toBeUndefined()
  },
)

it('the order is total, and a block ends after its rows', () => {
  fc.assert(
    fc.property(position, position, position, (a, b, c) => {
      expect(Math.sign(comparePositions(a, b))).toBe(-Math.sign(comparePositions(b, a)) + 0)
      expect(comparePositions(a, b) === 0).toBe(logCursor(a) === logCursor(b))
      const [first, second, third] = [a, b, c].sort(comparePositions)
      expect(comparePositions(first!, third!)).toBeLessThanOrEqual(0)
      expect(comparePositions(second!, { block: second!.block })).toBeLessThanOrEqual(0)
    }),
  )
})
