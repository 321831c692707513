// Which of the rows of one event is explained.
import { expect, it } from 'vitest'
import type { StoredRow } from '../../infra/readers/stored-row.ts'
import { chosenRow } from './explained-row.ts'

const place = { topic: 'winnow.events', partition: 0, offset: 17 }
const row = (model: string, version: string, role: StoredRow['role'] = 'champion'): StoredRow => ({
  eventId: 'a',
  text: 'b',
  label: 'c',
  score: 1,
  model,
  version,
  role,
})

it('is the answer of the only model, not that of its shadow', () => {
  const rows = [row('mail', '1'), row('mail', '2', 'shadow')]
  expect(chosenRow(rows, { place })).toBe(rows[0])
  expect(chosenRow(rows, { place, model: 'mail' })).toBe(rows[0])
  expect(chosenRow(rows, { place, model: 'mail@2' })).toBe(rows[1])
})

it('is that of the named model where there are several', () => {
  const rows = [row('mail', '1'), row('intent', '4')]
  expect(chosenRow(rows, { place, model: 'intent' })).toBe(rows[1])
  expect(() => chosenRow(rows, { place })).toThrow(
    'Several models classified winnow.events/0/17: mail@1, intent@4. Choose one with --model.',
  )
})

it('says why there is none', () => {
  expect(() => chosenRow([], { place })).toThrow('it may still be on its way')
  expect(() => chosenRow([row('mail', '1')], { place, model: 'mail@2' })).toThrow(
    'There is no row of winnow.events/0/17 by mail@2; it was classified by mail@1.',
  )
  expect(() => chosenRow([], { place, model: 'mail@champion' })).toThrow('NAME or NAME@VERSION')
})
