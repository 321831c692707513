// What becomes of Kafka client errors. Sending and receiving is tested against a real broker.
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
  it.each([
    'MESSAGE_TOO_LARGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'TOPIC_AUTHORIZATION_FAILED',
    'SASL_AUTHENTICATION_FAILED',
  ])('%s is final', (type) => {
    const error = brokerError('produce to x', protocolError(type))
    expect(error).toMatchObject({
      code: 'broker_refused',
      retryable: false,
      message: `cannot produce to x: broker says ${type}`,
      details: { kafkaError: type },
    })
  })

  it.each(['NOT_LEADER_FOR_PARTITION', 'REBALANCE_IN_PROGRESS', 'REQUEST_TIMED_OUT'])(
    '%s may pass',
    (type) => {
      expect(brokerError('commit offsets', protocolError(type))).toMatchObject({
        code: 'broker_unavailable',
        retryable: true,
      })
    },
  )

  it('takes a broken connection, and anything unknown, for a broker that is away', () => {
    const broken = new KafkaJSConnectionError('connect ECONNREFUSED', { broker: 'b:9' })
    expect(brokerError('reach Kafka', broken)).toMatchObject({
      code: 'broker_unavailable',
      cause: broken,
      details: {},
    })
    expect(brokerError('reach Kafka', 'text').code).toBe('broker_unavailable')
  })

  it('leaves an error of ours as it is', async () => {
    const own = new WinnowError('cancelled', 'stopped')
    expect(brokerError('x', own)).toBe(own)
    await expect(brokerCall('x', () => Promise.reject(own))).rejects.toBe(own)
    expect(await brokerCall('x', () => Promise.resolve(3))).toBe(3)
  })
})

describe('a broker that is not there', () => {
  // Port 9 (discard) is not listened on; nothing leaves the machine.
  const config = configSchema.parse({ kafka: { brokers: ['127.0.0.1:9'] } })

  it('is broker_unavailable within seconds, with lines for the log that do not repeat', async () => {
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
