import { expect, it } from 'vitest'
import { storedResult } from '../../tests/support/gateway-under-test.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import type { ResultReader } from '../../schemas/ports/result-reader.ts'
import { labellingByOwnId, outcomesByOwnId, resultsByOwnId } from './stored-ids.ts'

const idOf = storedIds({ hashIds: true, idSecret: 'a secret of at least 32 characters' })
const asked: unknown[] = []
const stored = (id: string) => ({ ...storedResult, eventId: idOf(id) })

it('asks for results by the stored form of an id, whichever form is given', async () => {
  const reader: ResultReader = {
    byId: (id) => Promise.resolve(id === idOf('e-7') ? [stored('e-7')] : []),
    list: () => Promise.resolve({ results: [] }),
  }
  const results = resultsByOwnId(reader, idOf)
  expect(await results.byId('e-7')).toEqual([stored('e-7')])
  expect(await results.byId(idOf('e-7'))).toEqual([stored('e-7')])
  expect(await results.byId('e-8')).toEqual([])
})

it('gives outcomes the ids that were asked for', async () => {
  const reader: EventOutcomes = {
    newestResults: (ids) => Promise.resolve(ids.includes(idOf('e-7')) ? [stored('e-7')] : []),
    deadLetters: (ids, sinceMs) => {
      asked.push(sinceMs)
      return Promise.resolve(ids.map((id) => ({ id, code: 'text_empty', message: '' })))
    },
  }
  const outcomes = outcomesByOwnId(reader, idOf)
  const results = await outcomes.newestResults(['e-7', 'e-8'])
  expect(results.map(({ eventId }) => eventId)).toEqual(['e-7'])
  const letters = await outcomes.deadLetters(['e-8'], 5)
  expect(letters.map(({ id }) => id)).toEqual(['e-8'])
  expect(asked).toEqual([5])
})

it('looks for similar events by the stored form', async () => {
  const reader = {
    similar: (id: string) => Promise.resolve(id === idOf('e-7') ? [] : undefined),
  } as unknown as LabellingReader
  const labelling = labellingByOwnId(reader, idOf)
  expect(await labelling.similar('e-7', 3)).toEqual([])
  expect(await labelling.similar('e-8', 3)).toBeUndefined()
})
