// tests/integration/model-store.test.ts reads the states of a real topic.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { readAnnounced, unreadText } from './announced-models.ts'

describe('readAnnounced', () => {
  it('says why the states cannot be read, within seconds', async () => {
    const kafka = { ...configSchema.shape.kafka.parse(undefined), brokers: ['127.0.0.1:1'] }
    const announced = await readAnnounced({ ...configSchema.parse({}), kafka })
    expect(announced.kind).toBe('unread')
    if (announced.kind === 'read') return
    expect(unreadText(announced)).toMatch(/^winnow\.models cannot be read \(.+\); the roles shown/)
  })
})
