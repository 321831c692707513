import { expect, it } from 'vitest'
import type { QueueItem } from '../api/answers.ts'
import {
  changedWork,
  excludedIds,
  labelledCount,
  noWork,
  type WorkChange,
} from './session-labels.ts'

const item = (id: string): QueueItem => ({ id }) as QueueItem
const after = (...changes: WorkChange[]) => changes.reduce(changedWork, noWork)
const loaded: WorkChange = { kind: 'loaded', items: ['a', 'b', 'c'].map(item) }
const ids = (items: readonly QueueItem[]) => items.map(({ id }) => id)

it('goes on with the next event after a label or a skip', () => {
  const work = after(
    loaded,
    { kind: 'labelled', items: [item('a')], label: 'spam' },
    { kind: 'skipped' },
  )
  expect(ids(work.items)).toEqual(['c'])
  expect(labelledCount(work)).toBe(1)
  expect(excludedIds(work)).toEqual(['c', 'a', 'b'])
})

it('takes back the latest labels, those of a group together', () => {
  const group: WorkChange = { kind: 'labelled', items: [item('b'), item('x')], label: 'ham' }
  const work = after(loaded, group, { kind: 'undone' })
  expect(ids(work.items)).toEqual(['b', 'x', 'a', 'c'])
  expect(labelledCount(work)).toBe(0)
  expect(changedWork(noWork, { kind: 'undone' })).toBe(noWork)
})

it('shows nothing twice', () => {
  const work = after(loaded, { kind: 'skipped' }, loaded)
  expect(ids(work.items)).toEqual(['b', 'c'])
})

it('walks round without a label', () => {
  const steps = Array.from({ length: 4 }, (): WorkChange => ({ kind: 'next' }))
  expect(after(loaded, ...steps).at).toBe(1)
  expect(after({ kind: 'next' })).toBe(noWork)
})
