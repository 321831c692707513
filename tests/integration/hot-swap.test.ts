// A model is replaced under load: every event has one row, every row's version agrees with the
// recorded swaps, no request fails, and a version that differs from the announced one never serves.
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { modelDir } from '../../models/store/version-files.ts'
import { startWinnow, winnow } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer
let produced = 0

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  await trainTestModel(space.storeDir)
  await trainTestModel(space.storeDir)
  await symlink(join(modelStoreDir(), 'bases'), join(space.storeDir, 'bases'))
  producer = await openProducer(space.kafka)
})

afterAll(async () => {
  await producer.close()
  await space.close()
})

async function models(...argv: string[]): Promise<void> {
  const { status, stderr } = await winnow(['models', ...argv], { env: space.env })
  expect(status, stderr).toBe(0)
}

async function produce(count: number): Promise<void> {
  const records = Array.from({ length: count }, () => {
    const number = produced++
    const value = JSON.stringify({ id: `s-${number}`, text: sampleText(number).text })
    return { key: `s-${number}`, value }
  })
  await producer.send(topicOf(space.config.topics, 'events'), records)
}

const count = async (sql: string): Promise<number> => {
  const [row] = await space.analytics.rows<{ n: number }>(sql)
  return row!.n
}
const rowsOf = (version: string) =>
  count(`SELECT count() AS n FROM classifications WHERE version = '${version}'`)

describe('a swap under load', () => {
  it('loses, doubles and mislabels nothing, and refuses a version that is not as announced', async () => {
    const { env } = space
    for (const ref of ['test@1', 'test@2']) await models('push', ref, '--force', 'a test')
    const [stream, gateway] = await Promise.all([
      startWinnow(['stream', '--stages', 'validate..infer'], { env }),
      startWinnow(['serve'], { env }),
    ])
    const answers: { status: number; model: string }[] = []
    const ended = { asking: false, loading: false }
    const asked = (async () => {
      while (!ended.asking) {
        const answer = await fetch(`${String(gateway.document['url'])}/v1/classify`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ texts: ['where is my parcel'] }),
        })
        const { model } = (await answer.json()) as { model: string }
        answers.push({ status: answer.status, model })
        // A caller without a pause would take the processor from what it waits for.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    const load = (async () => {
      while (!ended.loading) {
        await produce(20)
        // Without a pause, the load would take the processor from the commands.
        await new Promise((resolve) => setTimeout(resolve, 50))
        await until('room', async () => {
          const rows = await count('SELECT count() AS n FROM classifications')
          return produced - rows < 200
        })
      }
    })()
    try {
      await until('rows of version 1', async () => (await rowsOf('1')) > 50)
      for (const version of ['2', '1', '2']) {
        const before = await rowsOf(version)
        await models('promote', `test@${version}`, '--reason', 'a swap under load')
        await until(`rows of ${version}`, async () => (await rowsOf(version)) > before + 40)
        await until(`answers of ${version}`, () => answers.at(-1)?.model === `test@${version}`)
      }
      // Announced, then damaged: loading it fails.
      await models('push', 'test@3', '--force', 'to be damaged')
      await writeFile(join(modelDir(space.storeDir, 'test'), '3', 'model.onnx'), 'broken')
      await announceDamaged()
      await until('the refusals', async () => {
        const refused = await count(
          `SELECT uniqExact(by) AS n FROM model_releases
           WHERE kind = 'refusal' AND version = '3' AND startsWith(reason, 'corrupt')`,
        )
        return refused === 2
      })
      const before = await rowsOf('2')
      await until('more rows of version 2', async () => (await rowsOf('2')) > before + 40)
    } finally {
      ended.loading = true
      await load
      ended.asking = true
      await asked
    }
    await until('all rows', async () => {
      return (await count('SELECT count() AS n FROM classifications')) >= produced
    })
    await Promise.all([stream.stop(), gateway.stop()])
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(answers.map(({ model }) => model))).toEqual(new Set(['test@1', 'test@2']))
    const [exact] = await space.analytics.rows<object>(
      `SELECT count() AS n, uniqExact(event_id) AS events, uniqExact(topic, partition, offset) AS origins,
              (SELECT sum(events) FROM label_counts) AS counted
       FROM classifications`,
    )
    expect(exact).toEqual({ n: produced, events: produced, origins: produced, counted: produced })
    // The version of each row is that of the latest swap at or before its offset, else the first.
    const disagreeing = await space.analytics.rows<object>(
      `SELECT c.partition, c.offset, c.version, s.version AS swapped
       FROM classifications AS c
       ASOF LEFT JOIN (SELECT topic, partition, offset, version FROM model_releases
                       WHERE kind = 'swap' AND topic != '') AS s
         ON c.topic = s.topic AND c.partition = s.partition AND c.offset >= s.offset
       WHERE c.version != if(s.version = '', '1', s.version)`,
    )
    expect(disagreeing).toEqual([])
    const swaps = await count(`SELECT count() AS n FROM model_releases WHERE kind = 'swap'`)
    expect(swaps).toBeGreaterThanOrEqual(3)
  })
})

/** Makes the damaged version champion without the command's check. */
async function announceDamaged(): Promise<void> {
  const { createModelAnnouncements } = await import('../../infra/sinks/model-announcements.ts')
  const { openSchemas } = await import('../../infra/schema-registry/registry.ts')
  const schemas = await openSchemas(space.config.registry, space.config.topics.prefix)
  const topic = topicOf(space.config.topics, 'models')
  const announcements = createModelAnnouncements({ kafka: space.kafka, schemas }, topic)
  await announcements.announce('test', (state) => ({
    ...state!,
    kind: 'promoted',
    version: '3',
    champion: '3',
    atMs: Date.now(),
    previous: [...state!.previous, state!.champion!],
  }))
}
