// Which topics a process consumes, in which groups, and for which models.
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { stagesOf } from './group-name.ts'
import { classifies, consumptionsOf, type ConsumptionOptions } from './consumption.ts'

const config = loadConfig({
  env: {
    WINNOW_INPUTS: JSON.stringify([
      { topic: 'orders', fields: { text: 'note' } },
      { topic: 'lines', format: 'text', models: ['mail', 'mood@2'] },
    ]),
  },
})
const all = { first: 'validate', last: 'infer' } as const

const planned = (options: ConsumptionOptions) =>
  consumptionsOf(config, options).map(({ topic, group, models }) => [topic, group, ...models])

describe('a process', () => {
  it('consumes each topic for each of its models', () => {
    expect(planned({ range: all })).toEqual([
      ['winnow.events', 'winnow.validate..infer', 'mail'],
      ['orders', 'winnow.validate..infer:orders', 'mail'],
      ['lines', 'winnow.validate..infer.mail:lines', 'mail'],
      ['lines', 'winnow.validate..infer.mood:lines', 'mood@2'],
      ['winnow.retries', 'winnow.validate..infer.mail:winnow.retries', 'mail'],
      ['winnow.retries', 'winnow.validate..infer.mood:winnow.retries', 'mood@2'],
    ])
  })

  it('for a named model takes the inputs that list it or none', () => {
    expect(planned({ range: all, model: 'mood' })).toEqual([
      ['winnow.events', 'winnow.validate..infer.mood', 'mood'],
      ['orders', 'winnow.validate..infer.mood:orders', 'mood'],
      ['lines', 'winnow.validate..infer.mood:lines', 'mood'],
      ['winnow.retries', 'winnow.validate..infer.mood:winnow.retries', 'mood'],
    ])
    expect(planned({ range: all, model: 'intent' }).map(([topic]) => topic)).not.toContain('lines')
  })

  it('validates each input once, and reads inputs in no later stage', () => {
    const validate = { first: 'validate', last: 'validate' } as const
    expect(planned({ range: validate }).map(([topic, group]) => [topic, group])).toEqual([
      ['winnow.events', 'winnow.validate'],
      ['orders', 'winnow.validate:orders'],
      ['lines', 'winnow.validate:lines'],
      ['winnow.retries', 'winnow.validate:winnow.retries'],
    ])
    const infer = { first: 'tokenize', last: 'infer' } as const
    expect(planned({ range: infer })).toHaveLength(1)
  })

  it('has a group for each topic, also where a person names it', () => {
    const groups = planned({ range: all, group: 'night' }).map(([, group]) => group)
    expect(groups).toEqual([
      'night',
      'night:orders',
      'night.mail:lines',
      'night.mood:lines',
      'night.mail:winnow.retries',
      'night.mood:winnow.retries',
    ])
  })

  it('names groups after their stages', () => {
    for (const [, group] of planned({ range: all })) {
      expect(stagesOf(config, group!)).toBe('validate..infer')
    }
  })
})

describe('several models', () => {
  const several = loadConfig({
    env: {
      WINNOW_INFERENCE_MODELS: 'mail, mood@2',
      WINNOW_INPUTS: JSON.stringify([
        { topic: 'orders', fields: { text: 'note' } },
        { topic: 'lines', format: 'text', models: ['mail', 'tone'] },
      ]),
    },
  })
  const plannedFor = (options: ConsumptionOptions) =>
    consumptionsOf(several, options).map(({ topic, group, models }) => [topic, group, ...models])

  it('share a consumer for each topic; those that an input lists have their own', () => {
    expect(plannedFor({ range: all })).toEqual([
      ['winnow.events', 'winnow.validate..infer', 'mail', 'mood@2'],
      ['orders', 'winnow.validate..infer:orders', 'mail', 'mood@2'],
      ['lines', 'winnow.validate..infer.mail:lines', 'mail'],
      ['lines', 'winnow.validate..infer.tone:lines', 'tone'],
      ['winnow.retries', 'winnow.validate..infer.mail:winnow.retries', 'mail'],
      ['winnow.retries', 'winnow.validate..infer.mood:winnow.retries', 'mood@2'],
      ['winnow.retries', 'winnow.validate..infer.tone:winnow.retries', 'tone'],
    ])
  })

  it('are tokenized for the first, where the stages run apart', () => {
    const range = { first: 'tokenize', last: 'tokenize' } as const
    expect(plannedFor({ range })).toEqual([['winnow.validated', 'winnow.tokenize', 'mail']])
  })

  it('leave another model its own consumer, and have no second one themselves', () => {
    const [own] = plannedFor({ range: all, model: 'tone' })
    expect(own).toEqual(['winnow.events', 'winnow.validate..infer.tone', 'tone'])
    for (const model of ['mood', 'mail@7']) {
      expect(() => plannedFor({ range: all, model })).toThrow(
        /inference.models \(mail, mood@2\) has it/,
      )
    }
  })
})

describe('classifies', () => {
  it('goes by the models that an input lists', () => {
    expect(classifies(config, 'mood@3', 'lines')).toBe(true)
    expect(classifies(config, 'intent', 'lines')).toBe(false)
    expect(classifies(config, 'intent', 'orders')).toBe(true)
    expect(classifies(config, 'intent', 'winnow.events')).toBe(true)
  })
})
