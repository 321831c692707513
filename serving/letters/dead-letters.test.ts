// Pages of dead letters, one of them, and replays one at a time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { createFakeAdmin } from '../../tests/support/fake-admin.ts'
import { createRecordingProducer } from '../../tests/support/recording-producer.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createDeadLetters } from './dead-letters.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

function opened() {
  const { kafka } = createFakeAdmin({ 'winnow.events': [[0, 300]] })
  const clients = { analytics: scripted.analytics, kafka, producer: createRecordingProducer() }
  return createDeadLetters(clients, configSchema.parse({}))
}

const row = (offset: number) => ({
  id: `winnow.events/0/${offset}`,
  code: 'text_empty',
  stage: 'validate',
  attempt: 0,
  model: offset % 2 === 0 ? '' : 'mail',
  open: true,
  rejectedAt: '2026-01-01 00:00:00.000',
  rejectedAtMs: 1_000 + offset,
  recordTimeMs: 500 + offset,
  message: 'text is empty',
})

describe('a page of dead letters', () => {
  it('has a cursor while there are more', async () => {
    scripted.answer('LIMIT {rowsMax: UInt32}', [row(3), row(2), row(1)])
    scripted.answer('GROUP BY code', [{ code: 'text_empty', open: 3, total: 4 }])
    const letters = opened()
    const page = await letters.list({ state: 'open', limit: 2 })
    expect(page.letters.map(({ id, model }) => [id, model])).toEqual([
      ['winnow.events/0/3', 'mail'],
      ['winnow.events/0/2', null],
    ])
    expect(page.codes).toEqual([{ code: 'text_empty', open: 3, all: 4 }])
    expect(page.cursor).toBe('1002~0~2~502~0~winnow.events~')
    await letters.list({ state: 'open', limit: 3, cursor: page.cursor! })
    const asked = scripted.statements().filter(({ sql }) => sql.includes('rowsMax'))
    expect(asked.at(-1)!.parameters).toMatchObject({
      rejectedAtMs: '1002',
      topic: 'winnow.events',
      offset: '2',
      recordTimeMs: '502',
      model: '',
    })
    expect(await letters.list({ state: 'open', limit: 3 })).not.toHaveProperty('cursor')
  })

  it('refuses another cursor', async () => {
    const listing = opened().list({ state: 'open', limit: 2, cursor: 'x' })
    await expect(listing).rejects.toMatchObject({ code: 'parameter_invalid' })
  })
})

it('knows no dead letter of an event without one', async () => {
  expect(await opened().at({ topic: 'winnow.events', partition: 0, offset: 1 })).toBeUndefined()
})

it('runs one replay at a time', async () => {
  const letters = opened()
  const options = { eventsMax: 5, by: 'ann', signal: new AbortController().signal }
  const running = letters.replay({ code: 'text_empty' }, options)
  await expect(letters.replay({}, options)).rejects.toMatchObject({ code: 'queue_full' })
  expect(await running).toEqual({ matched: 0, sent: 0, skipped: {}, stopped: false })
  expect(await letters.replay({}, options)).toMatchObject({ matched: 0 })
})
