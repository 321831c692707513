// Which groups belong to this configuration, and the stages that their names tell.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { createFakeAdmin } from '../../tests/support/fake-admin.ts'
import { readStageLag } from './stage-lag.ts'

const config = configSchema.parse({})
const topics = {
  'winnow.events': [[0, 10]],
  'winnow.tokenized': [[0, 5]],
  'winnow.labels': [[2, 4]],
} as const

describe('readStageLag', () => {
  it('lists the groups of all stages, and those of other topics where asked', async () => {
    const { kafka } = createFakeAdmin(topics, [
      { group: 'winnow.validate..tokenize', topic: 'winnow.events', committed: [7] },
      { group: 'winnow.infer', topic: 'winnow.tokenized', committed: [5] },
      { group: 'winnow.labels', topic: 'winnow.labels', committed: [3] },
      { group: 'winnow', topic: 'winnow.events', committed: [0] },
      { group: 'elsewhere', topic: 'winnow.events', committed: [0] },
    ])
    const stages = await readStageLag(kafka, config)
    expect(stages.map(({ group, stage, lag }) => [group, stage, lag])).toEqual([
      ['winnow.validate..tokenize', 'validate..tokenize', 3],
      ['winnow.infer', 'infer', 0],
      ['winnow', 'validate', 10],
    ])
    const all = await readStageLag(kafka, config, ['labels'])
    expect(all.find(({ stage }) => stage === 'labels')).toMatchObject({ lag: 1 })
  })

  it('leaves out groups of another stack', async () => {
    const { kafka } = createFakeAdmin(topics, [
      { group: 'winnow.validate..infer@other./reports', topic: 'winnow.events', committed: [0] },
    ])
    expect(await readStageLag(kafka, config)).toEqual([])
  })
})
