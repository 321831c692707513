import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { ClosingConsumer } from './kafka-consumer.ts'
import { createKafka } from './kafka.ts'

describe('ClosingConsumer', () => {
  it('lets a failed consumer restart unless it is closed', async () => {
    const kafka = createKafka(loadConfig({ env: {} }))
    let restart: (() => Promise<boolean>) | undefined
    let ended = 0
    const plain = new kafkajs.Kafka({
      brokers: ['127.0.0.1:1'],
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const watched = Object.assign(Object.create(plain) as typeof plain, {
      consumer(options: kafkajs.ConsumerConfig) {
        restart = () => options.retry!.restartOnFailure!(new Error('away'))
        return plain.consumer(options)
      },
    })
    const member = new ClosingConsumer(
      Object.assign(kafka, { withOwnConnections: () => ({ kafka: watched, end: () => ended++ }) }),
      { groupId: 'g' },
    )
    expect([await restart!(), member.isClosed, ended]).toEqual([true, false, 0])
    await member.close()
    expect([await restart!(), member.isClosed, ended]).toEqual([false, true, 1])
  })
})
