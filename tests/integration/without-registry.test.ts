// A stack without a schema registry (registry.url: none) on the real broker and engine: JSON in and
// JSON out, in one process or in separate stages, with labels, models and dead letters; and an Avro
// event that nothing can decode.
import { mkdtemp, rm } from 'node:fs/promises'
import { symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { cacheDir, modelStoreDir } from '../../configs/paths.ts'
import { openProducer } from '../../infra/kafka/kafka.ts'
import { identityOf } from '../../infra/local/services/pid-file.ts'
import { connectionsOf } from '../../infra/local/services/stack-state.ts'
import { stackStatus } from '../../infra/local/stack-status.ts'
import { startStack, stopStack } from '../../infra/local/supervisor.ts'
import { readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { TopicName } from '../../schemas/subjects.ts'
import { startWinnow, winnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
beforeAll(async () => {
  // Nothing listens on the registry port of this environment.
  space = await openWorkspace(inject('stack'), {
    WINNOW_REGISTRY_URL: 'none',
    WINNOW_REGISTRY_TOKEN: '',
  })
  await symlink(join(modelStoreDir(), 'bases'), join(space.storeDir, 'bases'))
})
afterAll(() => space.close())

const json = async (...argv: string[]) => {
  const { status, stdout, stderr } = await withinProcess([...argv, '--json'], { env: space.env })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Everything on a topic, as JSON. */
async function valuesOn(name: TopicName): Promise<Record<string, unknown>[]> {
  const topic = topicOf(space.config.topics, name)
  const ranges = await resolveRange(space.kafka, { topic })
  const values: Record<string, unknown>[] = []
  for await (const { records } of readRanges(space.kafka, { topic, ranges })) {
    for (const { value } of records) {
      values.push(JSON.parse(value!.toString()) as Record<string, unknown>)
    }
  }
  return values
}

function rows(prefix: string, count: number): Promise<{ id: string; label: string }[]> {
  return until(`${count} rows of ${prefix}`, async () => {
    const found = await space.analytics.rows<{ id: string; label: string }>(
      `SELECT event_id AS id, label FROM classifications
       WHERE startsWith(event_id, {prefix: String}) ORDER BY id`,
      { prefix },
    )
    return found.length >= count ? found : undefined
  })
}

async function produce(prefix: string, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, number) =>
    JSON.stringify({ id: `${prefix}-${number}`, text: sampleText(number).text }),
  )
  const { env } = space
  const done = await winnow(['produce', '--data', '-'], { env, input: lines.join('\n') })
  expect(done.status, done.stderr).toBe(0)
}

describe('the chained stream', () => {
  let stream: Running
  let gateway: Running
  beforeAll(async () => {
    await json('models', 'push', 'test@1', '--force', 'test')
    const { env } = space
    stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env })
    gateway = await startWinnow(['serve'], { env })
  })
  afterAll(async () => {
    await Promise.all([stream.stop(), gateway.stop()])
  })

  const post = (path: string, body: object) =>
    fetch(`${String(gateway.document['url'])}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('turns JSON events of producers and of the gateway into rows and JSON results', async () => {
    await produce('file', 30)
    const sent = await post('/v1/events', { id: 'http-1', ...sampleText(1), label: 'refund' })
    expect(sent.status).toBe(202)
    await rows('http-', 1)
    expect((await rows('file-', 30)).map(({ id }) => id)).toHaveLength(30)
    const events = await valuesOn('events')
    expect(events.find(({ id }) => id === 'http-1')).toMatchObject({
      label: 'refund',
      attributes: {},
    })
    const classified = await valuesOn('classified')
    expect(classified.find(({ eventId }) => eventId === 'http-1')).toMatchObject({
      model: 'test',
      version: '1',
      role: 'champion',
      knownLabel: 'refund',
    })
    expect(classified).toHaveLength(31)
  })

  it('makes a dead letter of an Avro event, which says what to do', async () => {
    const producer = await openProducer(space.kafka)
    const topic = topicOf(space.config.topics, 'events')
    const avro = Buffer.from([0, 0, 0, 0, 7, 0, 2, 0x61])
    await producer.send(topic, [
      { key: 'avro', value: avro },
      { key: null, value: '{"id":"after-avro","text":"where is my parcel?"}' },
    ])
    await producer.close()
    await rows('after-avro', 1)
    const letters = await until('a dead letter', async () => {
      const found = (await json('dlq', 'list')) as unknown as Record<string, unknown>[]
      return found.length > 0 ? found : undefined
    })
    expect(letters).toMatchObject([
      {
        code: 'schema_unknown',
        message: expect.stringContaining('registry.url is none: produce JSON') as string,
      },
    ])
    const [onTopic] = await valuesOn('dead-letters')
    expect(onTopic).toMatchObject({ code: 'schema_unknown', payload: avro.toString('base64') })
    const dryRun = await withinProcess(['dlq', 'replay', '--dry-run'], { env: space.env })
    expect(dryRun.status, dryRun.stderr).toBe(0)
  })

  it('takes labels by HTTP, and trains on events and labels of its topics', async () => {
    const label = await post('/v1/labels', { id: 'file-0', label: 'parcel', by: 'ann' })
    expect(label.status).toBe(202)
    await until('the label', async () => {
      const [found] = await space.analytics.rows<{ n: number }>(
        `SELECT count() AS n FROM labels WHERE event_id = 'file-0'`,
      )
      return found!.n > 0 ? found : undefined
    })
    expect(await valuesOn('labels')).toMatchObject([{ id: 'file-0', label: 'parcel', by: 'ann' }])
  })

  it('follows promotions, which are JSON as well', async () => {
    const announced = await valuesOn('models')
    expect(announced.at(-1)).toMatchObject({ name: 'test', champion: '1', kind: expect.any(String) as string }) // prettier-ignore
    const promoted = await json('models', 'promote', 'test@1', '--reason', 'again')
    expect(promoted).toMatchObject({ champion: '1' })
    const answer = await post('/v1/classify', { texts: ['where is my parcel?'] })
    expect(await answer.json()).toMatchObject({ model: 'test@1' })
  })
})

it('stages apart exchange JSON', async () => {
  const { env } = space
  const stages = await Promise.all(
    ['validate', 'tokenize', 'infer'].map((stage) =>
      startWinnow(['stream', '--stages', stage, '--group', `winnow.apart.${stage}`], { env }),
    ),
  )
  await produce('apart', 9)
  await rows('apart-', 9)
  expect(await Promise.all(stages.map((stage) => stage.stop()))).toEqual([0, 0, 0])
  const validated = (await valuesOn('validated')).filter(({ id }) =>
    String(id).startsWith('apart-'),
  )
  expect(validated).toHaveLength(9)
  const tokenized = await valuesOn('tokenized')
  expect(tokenized[0]!['ids']).toEqual(expect.arrayContaining([expect.any(Number)]))
})

it('doctor, migrate and status say that there is none', async () => {
  const doctor = await withinProcess(['doctor'], { env: space.env })
  expect(doctor.stdout).toMatch(/schema registry: not used \(registry\.url is none\)/)
  expect(doctor.stdout).not.toMatch(/port \d+ \(registry\)/)
  const migrated = await withinProcess(['migrate'], { env: space.env })
  expect(migrated.stdout).toMatch(/registry: +none, all values are JSON/)
})

it('an embedded stack without a registry starts no process for it, until it is started with one', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'winnow-stack-'))
  const options = { stateDir, cacheDir: cacheDir(), ports: { kafka: 0, registry: 0, analytics: 0 } }
  try {
    const state = await startStack({
      ...options,
      registry: 'none',
      services: ['analytics', 'registry'],
    })
    expect(connectionsOf(state).registryUrl).toBe('none')
    const registry = (await stackStatus({ stateDir })).find(({ name }) => name === 'registry')
    expect(registry).toMatchObject({ pid: null, url: 'none', ready: true })
    const status = await withinProcess(['status'], { env: { WINNOW_STATE: stateDir } })
    expect(status.stdout).toMatch(/registry +none +JSON only/)
    // What the next commands find without settings.
    const migrated = await withinProcess(['doctor', '--json'], { env: { WINNOW_STATE: stateDir } })
    expect(migrated.stdout).toContain('registry.url is none')

    await startStack({ ...options, registry: 'embedded', services: ['registry'] })
    const started = (await stackStatus({ stateDir })).find(({ name }) => name === 'registry')
    expect(await identityOf(started!.pid!)).toBeDefined()
    await startStack({ ...options, registry: 'none', services: ['analytics'] })
    expect(await identityOf(started!.pid!)).toBeUndefined()
  } finally {
    await stopStack({ stateDir })
    await rm(stateDir, { recursive: true, force: true })
  }
})
