// Changes as Debezium's connectors write them, with and without a schema beside them; what is no
// new state of a row is filtered, and what is no change is a dead letter that says so.
import { describe, expect, it } from 'vitest'
import { debeziumEnvelope } from './debezium-preset.ts'

const change = {
  before: null,
  after: { id: 1, note: 'late' },
  source: { table: 'orders' },
  op: 'c',
  ts_ms: 1,
}
const read = (value: unknown, key: unknown = null) => debeziumEnvelope({ value, key, headers: {} })

describe('debeziumEnvelope', () => {
  it.each(['c', 'u', 'r'])('takes out a change with op %s', (op) => {
    expect(read({ ...change, op })).toMatchObject({
      kind: 'ok',
      value: { value: { ...change, op } },
    })
  })

  it('takes value and key from beside their schemas', () => {
    const schema = { type: 'struct', fields: [] }
    expect(read({ schema, payload: change }, { schema, payload: { id: 1 } })).toEqual({
      kind: 'ok',
      value: { value: change, key: { id: 1 }, headers: {} },
    })
    expect(read({ schema: null, payload: null })).toMatchObject({
      kind: 'filtered',
      reason: 'filter',
    })
  })

  it.each([
    ['deletion', { ...change, after: null, op: 'd' }],
    ['truncation', { op: 't', source: {} }],
    ['message of the log', { op: 'm', message: {} }],
    ['tombstone', null],
  ])('filters a %s', (_what, value) => {
    expect(read(value)).toMatchObject({ kind: 'filtered', reason: 'filter' })
  })

  it("reads MongoDB's documents, which are texts", () => {
    expect(read({ ...change, after: '{"_id":9007199254740993,"note":"a"}' })).toMatchObject({
      value: { value: { after: { _id: 9_007_199_254_740_993n, note: 'a' } } },
    })
    expect(read({ ...change, after: '{' })).toMatchObject({ error: { code: 'json_invalid' } })
  })

  it.each([
    [
      'a row without its envelope',
      { id: 1, note: 'late' },
      'field_missing',
      'ExtractNewRecordState',
    ],
    ['a list', [change], 'field_missing', 'it has no "op"'],
    ['another op', { ...change, op: 'z' }, 'field_type', 'op is "z"'],
  ])('refuses %s', (_what, value, code, message) => {
    expect(read(value)).toMatchObject({
      error: { code, message: expect.stringContaining(message) as string },
    })
  })
})
