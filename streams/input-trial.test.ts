// What a trial of an input says of each record: the event field by field, what was left out, and
// why a dead letter is one.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { openInput } from '../infra/formats/input-reading.ts'
import type { KafkaRecord } from '../schemas/record.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import { InputTrial } from './input-trial.ts'
import { DuplicateWindow } from './stages/duplicate-window.ts'

const config = configSchema.parse({
  inputs: [
    {
      topic: 't',
      fields: {
        text: '{title}: {note?}',
        id: 'headers.id?',
        time: 'at?',
        attributes: { customer: 'customer.number' },
      },
      constants: { source: 'shop', attributes: { team: 'desk' } },
      filter: { type: ['note'] },
    },
  ],
})

function trial(): InputTrial {
  return new InputTrial(openInput(config.inputs[0]!, config), {
    limits: config.limits,
    cleaning: config.cleaning,
    nowMs: Date.UTC(2026, 0, 1),
    window: new DuplicateWindow(10),
  })
}

const recordTimeMs = Date.UTC(2025, 0, 1)
const record = (value: object | null, fields: Partial<KafkaRecord> = {}) =>
  sampleRecord(3, {
    recordTimeMs,
    value: value === null ? null : Buffer.from(JSON.stringify({ type: 'note', ...value })),
    ...fields,
  })
const customer = { number: 7 }

describe('a trial', () => {
  it('shows what each field of an event comes from', async () => {
    const headers = { id: Buffer.from('e-1') }
    const tried = await trial().next(
      record({ title: ' Late ', note: 'again', customer }, { headers }),
    )
    expect(tried.outcome).toMatchObject({ kind: 'event', event: { text: 'Late : again' } })
    expect(tried.fields).toEqual([
      { field: 'text', from: '{title}: {note?}', value: 'Late : again', problem: undefined },
      { field: 'id', from: 'headers.id?', value: 'e-1', problem: undefined },
      { field: 'source', from: 'constant', value: 'shop', problem: undefined },
      { field: 'time', from: 'at?', value: '2025-01-01T00:00:00.000Z', problem: undefined },
      { field: 'label', from: '(none)', value: undefined, problem: undefined },
      { field: 'attributes.customer', from: 'customer.number', value: '7', problem: undefined },
      { field: 'attributes.team', from: 'constant', value: 'desk', problem: undefined },
    ])
    expect(tried.paths).toContainEqual({ path: 'customer.number', value: '7' })
  })

  it('shows every path that is missing, and those that there are', async () => {
    const tried = await trial().next(record({ note: 'a', customer: { number: {} } }))
    expect(tried.outcome).toMatchObject({ kind: 'dead letter', code: 'path_missing' })
    const problems = tried.fields.filter(({ problem }) => problem !== undefined)
    expect(problems).toMatchObject([
      { field: 'text', problem: 'there is nothing at "title"' },
      { field: 'attributes.customer', problem: 'at "customer.number" is an object' },
    ])
    expect(tried.paths).toEqual([
      { path: 'type', value: 'note' },
      { path: 'note', value: 'a' },
    ])
  })

  it('says what is filtered, and what the limits and earlier records make a dead letter', async () => {
    const one = trial()
    const headers = { id: Buffer.from('e-1') }
    const codeOf = async (given: KafkaRecord) => {
      const { outcome } = await one.next(given)
      return outcome.kind === 'dead letter' ? outcome.code : outcome.kind
    }
    expect(await codeOf(record({ type: 'invoice' }))).toBe('filtered')
    expect(await codeOf(record({ title: 'a', customer }, { headers }))).toBe('event')
    expect(await codeOf(record({ title: 'a', customer }, { headers, offset: 4 }))).toBe(
      'duplicate_id',
    )
    expect(await codeOf(record({ title: 'a', at: 'noon', customer }))).toBe('time_invalid')
    expect(await codeOf(record(null, { value: Buffer.from('{') }))).toBe('json_invalid')
    const unreadable = { code: 'batch_corrupt', message: 'damaged' } as const
    expect(await codeOf(record(null, { unreadable }))).toBe('batch_corrupt')
  })
})
