import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { createRecordSource } from './record-source.ts'

describe('createRecordSource', () => {
  it('lets a failed consumer restart, but not one that is being closed', async () => {
    const config = loadConfig({ env: {} })
    const kafka = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'] })
    let restart: (() => Promise<boolean>) | undefined
    const source = createRecordSource(
      Object.assign(Object.create(kafka) as typeof kafka, {
        consumer(options: kafkajs.ConsumerConfig) {
          restart = () => options.retry!.restartOnFailure!(new Error('away'))
          return kafka.consumer(options)
        },
      }),
      { group: 'g', topic: 't', config, concurrency: 1 },
    )
    expect(await restart!()).toBe(true)
    await source.close()
    expect(await restart!()).toBe(false)
  })
})
