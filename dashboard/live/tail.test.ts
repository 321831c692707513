import { expect, it } from 'vitest'
import type { Result } from '../api/answers.ts'
import { changedTail, emptyTail, rowsMax, type Tail, type TailChange } from './tail.ts'

const row = (offset: number): Result =>
  ({ id: `e${offset}`, model: 'mail@1', origin: { topic: 't', partition: 0, offset } }) as Result
const after = (...changes: TailChange[]): Tail => changes.reduce(changedTail, emptyTail)
const offsets = (rows: readonly Result[]) => rows.map(({ origin }) => origin.offset)

it('puts what arrives on top, each result once', () => {
  const tail = after(
    { kind: 'start', rows: [row(2), row(1)] },
    { kind: 'arrived', rows: [row(2), row(3), row(4), row(3)] },
    { kind: 'older', rows: [row(1), row(0)] },
  )
  expect(offsets(tail.rows)).toEqual([4, 3, 2, 1, 0])
})

it('keeps what arrives aside while it is paused', () => {
  const paused = after(
    { kind: 'start', rows: [row(1)] },
    { kind: 'pause' },
    { kind: 'arrived', rows: [row(2), row(3)] },
  )
  expect(offsets(paused.rows)).toEqual([1])
  expect(offsets(paused.waiting)).toEqual([3, 2])
  const resumed = changedTail(paused, { kind: 'resume' })
  expect(offsets(resumed.rows)).toEqual([3, 2, 1])
  expect(resumed.waiting).toEqual([])
})

it('is bounded', () => {
  const rows = Array.from({ length: 3 * rowsMax }, (_, offset) => row(offset))
  expect(after({ kind: 'arrived', rows }).rows).toHaveLength(rowsMax)
  expect(after({ kind: 'pause' }, { kind: 'arrived', rows }).waiting).toHaveLength(rowsMax)
})
