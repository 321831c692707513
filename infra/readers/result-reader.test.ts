// What is asked, and how pages end. tests/contract/result-reader.test.ts holds the reader and its
// fake to the same behaviour.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ResultReader } from '../../schemas/ports/result-reader.ts'
import { readResultCursor } from '../../schemas/cursors/result-cursor.ts'
import { sampleClassification } from '../../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { answerBytesMax, createResultReader } from './result-reader.ts'

let scripted: ScriptedEngine
let reader: ResultReader
beforeEach(async () => {
  scripted = await openScriptedEngine()
  reader = createResultReader(scripted.analytics)
})
afterEach(() => scripted.close())

const asked = () => scripted.statements().at(-1)!

/** Rows as the engine gives them: `found` is how many there were without a bound on bytes. */
function answerWith(count: number, found = count) {
  const rows = Array.from({ length: count }, (_, at) => ({
    ...sampleClassification({ offset: 100 - at }),
    found,
    bytesBefore: 0,
  }))
  scripted.answer('FROM classifications', rows)
}

describe('list', () => {
  it('asks for one row more than a page, and for no shadow', async () => {
    await reader.list({ limit: 20 })
    expect(asked().parameters).toEqual({ rowsMax: '21', bytesMax: String(answerBytesMax) })
    expect(asked().sql).toContain(`role != 'shadow'`)
  })

  it('gives each condition to the engine as a parameter', async () => {
    const filter = { label: 'a', source: 'b', model: 'c', version: 'd' }
    await reader.list({ ...filter, sinceMs: 5, untilMs: 9, limit: 1 })
    expect(asked().parameters).toMatchObject({ ...filter, sinceMs: '5', untilMs: '9' })
    for (const name of Object.keys(filter)) expect(asked().sql).toContain(`${name} = {${name}: `)
    expect(asked().sql).toMatch(/classified_at >= [^\n]*sinceMs[^\n]*classified_at < [^\n]*untilMs/)
  })

  it('ends without a cursor when everything is in the page', async () => {
    answerWith(2)
    const page = await reader.list({ limit: 2 })
    expect(page.results.map(({ offset }) => offset)).toEqual([100, 99])
    expect(page.cursor).toBeUndefined()
    answerWith(0)
    expect(await reader.list({ limit: 2 })).toEqual({ results: [] })
  })

  it('gives the place of its last row when there are more, or when their texts are too large', async () => {
    answerWith(3)
    const page = await reader.list({ limit: 2 })
    expect(page.results).toHaveLength(2)
    expect(readResultCursor(page.cursor!)).toMatchObject({ offset: 99, model: 'mail' })
    answerWith(1, 3)
    const short = await reader.list({ limit: 2 })
    expect(short.results).toHaveLength(1)
    expect(readResultCursor(short.cursor!)).toMatchObject({ offset: 100 })
  })

  it('goes on behind a cursor, and refuses one that no page gave', async () => {
    answerWith(3)
    const { cursor } = await reader.list({ limit: 2 })
    await reader.list({ limit: 2, cursor })
    expect(asked().parameters).toMatchObject({ cOffset: '99', cTopic: 'sample.events' })
    const count = scripted.statements().length
    await expect(reader.list({ limit: 2, cursor: 'made up' })).rejects.toMatchObject({
      code: 'parameter_invalid',
    })
    expect(scripted.statements()).toHaveLength(count)
  })
})

describe('byId', () => {
  it('gives a bounded number of results of an event, and none of a shadow', async () => {
    answerWith(2)
    expect(await reader.byId('e-1')).toHaveLength(2)
    expect(asked().parameters).toMatchObject({ eventId: 'e-1', rowsMax: '1000' })
    expect(asked().sql).toContain(`event_id = {eventId: String} AND role != 'shadow'`)
  })
})
