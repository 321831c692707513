// What is said about inputs that are configured wrongly.
import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'

const orders = { topic: 'orders', fields: { text: 'note' } }

function problemsOf(...inputs: object[]): string {
  try {
    loadConfig({ env: { WINNOW_INPUTS: JSON.stringify(inputs) } })
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

describe('inputs', () => {
  it('have defaults', () => {
    const config = loadConfig({ env: { WINNOW_INPUTS: JSON.stringify([orders]) } })
    expect(config.inputs).toEqual([
      {
        topic: 'orders',
        start: 'earliest',
        format: 'json',
        keyFormat: 'text',
        bytes: 'base64',
        fields: { text: 'note', attributes: {} },
        timeUnit: 'ms',
        delimiter: ',',
        constants: { attributes: {} },
        filter: {},
      },
    ])
    expect(loadConfig({ env: {} }).inputs).toEqual([])
  })

  it.each([
    ['latest', 'none'],
    ['2026-06-01T00:00:00+02:00', 'none'],
    ['2026-06-01T00:00:00', 'must be earliest, latest, or a time'],
    ['2026-02-31T00:00:00Z', 'must be earliest, latest, or a time'],
    ['-100', 'must be earliest, latest, or a time'],
  ])('start at %s: %s', (start, problem) => {
    expect(problemsOf({ ...orders, start })).toContain(problem)
  })

  it('take one value of a filter for a list of one', () => {
    const filter = { type: 'note', region: ['eu', 7] }
    const config = loadConfig({ env: { WINNOW_INPUTS: JSON.stringify([{ ...orders, filter }]) } })
    expect(config.inputs[0]!.filter).toEqual({ type: ['note'], region: ['eu', 7] })
  })

  it.each([
    [{ topic: 'orders' }, 'inputs.0.fields.text is missing'],
    [{ ...orders, topic: 'a b' }, 'must be the name of a topic'],
    [{ ...orders, topic: 'winnow.events' }, 'it is a topic of Winnow itself'],
    [{ ...orders, feilds: {} }, 'did you mean inputs.0.fields.'],
    [{ ...orders, format: 'xml' }, 'must be one of json, avro'],
    [{ ...orders, fields: { text: 'a..b' } }, 'it has no name at character 3'],
    [{ ...orders, fields: { text: '{title' } }, 'no path in braces'],
    [{ ...orders, filter: { 'a..b': 'x' } }, 'has no name at character 3'],
    [{ ...orders, fields: { text: 'a', id: 'key.id' } }, 'say with keyFormat'],
    [{ ...orders, format: 'csv' }, 'columns is missing'],
    [{ ...orders, columns: ['a'] }, 'only for the format csv'],
    [{ ...orders, format: 'csv', columns: ['a', 'a'] }, 'the name "a" twice'],
    [{ ...orders, models: ['mail', 'mail@2'] }, 'it names a model twice'],
    [{ ...orders, models: ['a b'] }, 'must be NAME'],
    [
      { ...orders, fields: { text: 'a', source: 'b' }, constants: { source: 'c' } },
      'fields.source is set too',
    ],
    [
      {
        ...orders,
        fields: { text: 'a', attributes: { x: 'b' } },
        constants: { attributes: { x: 'c' } },
      },
      'fields.attributes.x is set too',
    ],
  ])('%j: %s', (input, problem) => {
    expect(problemsOf(input)).toContain(problem)
  })

  it('name each topic once', () => {
    expect(problemsOf(orders, orders)).toContain('it is the topic of inputs.0 too')
    expect(problemsOf(orders, { ...orders, topic: 'other' })).toBe('none')
  })
})
