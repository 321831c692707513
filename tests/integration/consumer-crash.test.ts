// A stage as a process whose broker refuses its calls: it ends and reports the refusal. The broker
// is a fake in this process; registry and engine are real.
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { topicNames, type TopicName } from '../../schemas/subjects.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { winnow } from '../support/cli.ts'
import { openFakeBroker, type BrokerCall } from '../support/fake-broker.ts'
import { until } from '../support/until.ts'

let backends: Backends

beforeAll(async () => {
  backends = await openBackends(inject('stack'), { WINNOW_KAFKA_SESSION_MS_MAX: '600' })
})
afterAll(() => backends.close())

/** Runs a stage until it ends by itself, which it must when the broker refuses a call. */
async function runRefused(stage: string, input: TopicName, call: BrokerCall) {
  const { prefix } = backends.config.topics
  const topics = topicNames.map((name) => `${prefix}${name}`)
  const topic = `${prefix}${input}`
  const broker = await openFakeBroker(
    topic,
    topics.filter((name) => name !== topic),
  )
  try {
    const env = {
      ...backends.env,
      WINNOW_KAFKA_BROKERS: broker.address,
      WINNOW_TELEMETRY_PORT: '0',
    }
    const ended = winnow(['stream', '--stages', stage], { env })
    await until('a member at work', () => (broker.counts.get('Heartbeat') ?? 0) > 0)
    broker.failures.set(call, 30)
    const startMs = performance.now()
    const { status, stderr } = await ended
    return { status, stderr, seconds: (performance.now() - startMs) / 1_000 }
  } finally {
    await broker.close()
  }
}

it.each([
  ['validate', 'events', 'Fetch'],
  ['labels', 'labels', 'Heartbeat'],
] as const)('%s ends when %s are refused at %s', async (stage, input, call) => {
  const { status, stderr, seconds } = await runRefused(stage, input, call)
  expect(status, stderr).toBe(1)
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^winnow: cannot consume .* \[broker_refused\]$/)
  expect(seconds).toBeLessThan(10)
})
