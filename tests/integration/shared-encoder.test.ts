// One consumer classifies each event with several models over one encoder: every model has one
// outcome for each event, whatever a consumer before it left; and a swap of one model leaves the
// other alone.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { startActor } from '../faults/harness/actor.ts'
import { met } from '../faults/harness/crew.ts'
import { startWinnow, winnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

const swapped: Record<string, string> = { praise: 'refund', refund: 'praise' }
const args = ['stream', '--stages', 'validate..infer']

let space: Workspace
let producer: RecordProducer
let stream: Running | undefined
let sent = 0

beforeAll(async () => {
  space = await openWorkspace(inject('stack'), { WINNOW_INFERENCE_MODELS: 'test,mood' })
  const relabel = (label: string) => swapped[label] ?? label
  await trainTestModel(space.storeDir, { name: 'mood', relabel })
  producer = await openProducer(space.kafka)
})

afterAll(async () => {
  await stream?.stop()
  await producer.close()
  await space.close()
})

async function models(...argv: string[]): Promise<void> {
  const { status, stderr } = await winnow(['models', ...argv], { env: space.env })
  expect(status, stderr).toBe(0)
}

/** Sends events, every tenth of them without a text. */
async function produce(count: number): Promise<void> {
  const records = Array.from({ length: count }, () => {
    const number = sent++
    const text = number % 10 === 0 ? '' : sampleText(number).text
    return {
      key: `e-${number}`,
      value: JSON.stringify({ id: `e-${number}`, text, label: 'known' }),
    }
  })
  await producer.send(topicOf(space.config.topics, 'events'), records)
}

type Counts = { model: string; rows: number; origins: number; letters: number; refused: number }

/** Waits until both models have an outcome for each event, and checks that they have no more. */
async function expectWhole(): Promise<void> {
  const letters = sent / 10
  const rows = sent - letters
  const whole = { rows, origins: rows, letters, refused: letters }
  const counts = await until('all outcomes of both models', async () => {
    const now = await space.analytics.rows<Counts>(
      `SELECT model, sum(is_row) AS rows, uniqExactIf((partition, offset), is_row) AS origins,
         countIf(NOT is_row) AS letters, uniqExactIf((partition, offset), NOT is_row) AS refused
       FROM (
         SELECT model, partition, offset, true AS is_row FROM classifications
         UNION ALL SELECT model, partition, offset, false FROM dead_letters
       )
       GROUP BY model ORDER BY model`,
    )
    const isWhole = now.length === 2 && now.every((one) => one.rows + one.letters >= sent)
    return isWhole ? now : undefined
  })
  expect(counts).toEqual([
    { model: 'mood', ...whole },
    { model: 'test', ...whole },
  ])
}

describe('two models over one encoder in one consumer', () => {
  it('have one outcome each for every event, also where only one had when a consumer was killed', async () => {
    await produce(200)
    // A consumer of one model stores its rows and dead letters, and commits nothing.
    const env = { ...space.env, WINNOW_INFERENCE_MODELS: 'test' }
    await met(startActor(args, { env, faults: 'before-commit:1:kill' }), 'kill')
    stream = await startWinnow(args, { env: space.env })
    await expectWhole()
    expect(stream.output().stderr).toMatch(/test@1, mood@1 have the same encoder/)
    const [labels] = await space.analytics.rows<{ n: number; events: number }>(
      'SELECT count() AS n, uniqExact(event_id) AS events FROM labels FINAL',
    )
    expect(labels).toEqual({ n: 180, events: 180 })
  })

  it('are swapped one at a time', async () => {
    await trainTestModel(space.storeDir, { name: 'mood', relabel: (label) => label })
    await models('push', 'mood@2', '--force', 'a test')
    await models('promote', 'mood@2', '--reason', 'a swap of one head')
    await until('the swap', () => /mood@2 serves from now on/.test(stream!.output().stderr))
    await produce(200)
    await expectWhole()
    const versions = await space.analytics.rows<{ model: string; versions: string[] }>(
      `SELECT model, arraySort(groupUniqArray(version)) AS versions FROM classifications
       GROUP BY model ORDER BY model`,
    )
    expect(versions).toEqual([
      { model: 'mood', versions: ['1', '2'] },
      { model: 'test', versions: ['1'] },
    ])
    const swaps = await space.analytics.rows<object>(
      `SELECT DISTINCT model, version FROM model_releases WHERE kind = 'swap' AND topic != ''`,
    )
    expect(swaps).toEqual([{ model: 'mood', version: '2' }])
  })
})
