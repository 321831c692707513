// What consumer groups are called, and what `winnow status` makes of their names.
import { describe, expect, it } from 'vitest'
import { defaultGroup, formerGroup, isOfOtherStack, stagesOf } from './group-name.ts'
import { loadConfig } from '../configs/load.ts'

const all = {
  range: { first: 'validate', last: 'infer' },
  models: ['mail'],
  configured: ['mail'],
} as const
const configOf = (...set: string[]) => loadConfig({ env: {}, set })

const stacks = [
  ['the default stack', configOf(), ''],
  ['another prefix', configOf('topics.prefix=team-a.'), '@team-a.'],
  ['no prefix', configOf('topics.prefix='), '@'],
  ['another database', configOf('clickhouse.database=reports'), '@winnow./reports'],
  ['both', configOf('topics.prefix=b-', 'clickhouse.database=reports'), '@b-/reports'],
] as const

describe.each(stacks)('of %s', (_name, config, scope) => {
  const group = `winnow.validate..infer${scope}`

  it('say which topics and which database they are for', () => {
    expect(defaultGroup(config, all)).toBe(group)
    expect(defaultGroup(config, { ...all, models: ['intent@3'] })).toBe(
      `winnow.validate..infer.intent${scope}`,
    )
    expect(defaultGroup(config, { ...all, range: { first: 'infer', last: 'infer' } })).toBe(
      `winnow.infer${scope}`,
    )
    expect(defaultGroup(config, 'labels')).toBe(`winnow.labels${scope}`)
  })

  it('know the name of before, where there is another', () => {
    expect(formerGroup(config, group)).toBe(scope === '' ? undefined : 'winnow.validate..infer')
    expect(formerGroup(config, 'night-shift')).toBeUndefined()
  })

  it('of an input belong to one stack, though the topic is the same for all', () => {
    const input = { topic: 'orders', namesModel: false }
    const ofInput = defaultGroup(config, { ...all, input })
    expect(ofInput).toBe(`winnow.validate..infer:orders${scope}`)
    expect(formerGroup(config, ofInput)).toBeUndefined()
    expect(stagesOf(config, ofInput)).toBe('validate..infer')
    expect(isOfOtherStack(config, ofInput)).toBe(false)
    expect(isOfOtherStack(config, 'winnow.validate..infer:orders')).toBe(scope !== '')
    expect(isOfOtherStack(config, 'winnow.validate..infer:orders@other.')).toBe(true)
    expect(defaultGroup(config, { ...all, input: { ...input, namesModel: true } })).toBe(
      `winnow.validate..infer.mail:orders${scope}`,
    )
  })

  it('tell their stages, and those of other stacks apart', () => {
    for (const name of ['winnow.validate..infer', 'winnow.validate..infer.intent']) {
      expect(stagesOf(config, `${name}${scope}`)).toBe('validate..infer')
      expect(isOfOtherStack(config, `${name}${scope}`)).toBe(false)
      expect(isOfOtherStack(config, `${name}@other.`)).toBe(true)
    }
    expect(stagesOf(config, `winnow.infer${scope}`)).toBe('infer')
    expect(stagesOf(config, 'winnow')).toBe('')
    expect(isOfOtherStack(config, 'winnow.night@shift')).toBe(false)
  })
})

it('no two stacks share a group', () => {
  const names = stacks.map(([, config]) => defaultGroup(config, all))
  expect(new Set(names).size).toBe(stacks.length)
})
