// How errors of the Kafka client are mapped. Sending and receiving are tested with a real broker.
import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { brokerCall, brokerError, createKafka, openProducer, pingBroker } from './kafka.ts'

const { KafkaJSConnectionError, KafkaJSProtocolError } = kafkajs

function protocolError(type: string) {
  return new KafkaJSProtocolError({ name: '', message: `broker says ${type}`, type } as never)
}

describe('brokerError', () => {
  it.each(['MESSAGE_TOO_LARGE', 'UNKNOWN_TOPIC_OR_PARTITION'])('%s is final', (type) => {
    const error = brokerError('produce to x', protocolError(type))
    expect(error).toMatchObject({
      code: 'broker_refused',
      retryable: false,
      message: `cannot produce to x: broker says ${type}`,
      details: { kafkaError: type },
    })
  })

  it.each(['NOT_LEADER_FOR_PARTITION', 'REBALANCE_IN_PROGRESS', 'REQUEST_TIMED_OUT'])(
    '%s is retryable',
    (type) => {
      expect(brokerError('commit offsets', protocolError(type))).toMatchObject({
        code: 'broker_unavailable',
        retryable: true,
      })
    },
  )

  it('maps broken connections and unknown errors to broker_unavailable', () => {
    const broken = new KafkaJSConnectionError('connect ECONNREFUSED', { broker: 'b:9' })
    expect(brokerError('reach Kafka', broken)).toMatchObject({
      code: 'broker_unavailable',
      cause: broken,
      details: {},
    })
    expect(brokerError('reach Kafka', 'text').code).toBe('broker_unavailable')
  })

  it('returns a WinnowError unchanged', async () => {
    const own = new WinnowError('cancelled', 'stopped')
    expect(brokerError('x', own)).toBe(own)
    await expect(brokerCall('x', () => Promise.reject(own))).rejects.toBe(own)
    expect(await brokerCall('x', () => Promise.resolve(3))).toBe(3)
  })
})

describe('an unreachable broker', () => {
  // Nothing listens on port 9 (discard), and nothing leaves the machine.
  const config = configSchema.parse({ kafka: { brokers: ['127.0.0.1:9'] } })

  it('gives broker_unavailable within seconds and logs each line once', async () => {
    const lines: string[] = []
    const kafka = createKafka(config, (line) => lines.push(line))
    await expect(openProducer(kafka)).rejects.toMatchObject({ code: 'broker_unavailable' })
    expect(lines.length).toBeGreaterThan(0)
    expect(new Set(lines).size).toBe(lines.length)
    for (const line of lines) expect(line).toMatch(/^kafka \w+: \S/)
    await expect(pingBroker(kafka)).rejects.toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringMatching(/^cannot reach Kafka: .*127\.0\.0\.1:9/) as string,
    })
  })
})
