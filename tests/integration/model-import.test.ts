// An imported model from end to end: `models import`, then the same labels from `classify`, from
// the stream in ClickHouse, and from the gateway, equal to the references.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { startWinnow, winnow } from '../support/cli.ts'
import type { GoldenPair } from '../support/import-exports.ts'
import { until } from '../support/until.ts'
import { openWorkspace, type Workspace } from '../support/workspace.ts'

const dir = fileURLToPath(new URL('../fixtures/imports/xlm-r', import.meta.url))

type Golden = { name: string; text: string; label: string; probabilities: number[] }

let space: Workspace
let producer: RecordProducer
let golden: Golden[]

beforeAll(async () => {
  space = await openWorkspace(inject('stack'), { WINNOW_INFERENCE_MODEL: 'orders' })
  producer = await openProducer(space.kafka)
  const texts = JSON.parse(await readFile(`${dir}/golden.json`, 'utf8')) as Golden[]
  // Texts that cleaning does not change, so that the references hold for what is classified.
  const plain = ['english', 'turkish', 'chinese', 'cyrillic', 'thai', 'hebrew', 'emoji', 'urls']
  golden = texts.filter(({ name }) => plain.includes(name))
})

afterAll(async () => {
  await producer.close()
  await space.close()
})

it('imports, and classifies as the references do', async () => {
  const { env } = space
  const imported = await winnow(['models', 'import', dir, '--name', 'orders', '--json'], { env })
  expect(imported.stderr).not.toContain('[')
  expect(JSON.parse(imported.stdout)).toMatchObject({
    model: 'orders@1',
    labels: ['question', 'order', 'refund'],
    maxTokens: 48,
    task: 'single-label',
    precision: 'fp32',
    golden: { texts: 75 },
  })
  const input = golden.map(({ name, text }) => `${JSON.stringify({ id: name, text })}\n`).join('')
  const classified = await winnow(['classify', '--model', 'orders'], { env, input })
  const lines = classified.stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(golden.length)
  for (const [index, line] of lines.entries()) {
    const { id, label, score } = JSON.parse(line) as { id: string; label: string; score: number }
    const reference = golden[index]!
    expect({ id, label }).toEqual({ id: reference.name, label: reference.label })
    expect(score).toBeCloseTo(Math.max(...reference.probabilities), 4)
  }
  const damaged = await winnow(['models', 'import', '.', '--name', 'none', '--json'], { env })
  expect(damaged).toMatchObject({ status: 1 })
  expect(JSON.parse(damaged.stdout)).toMatchObject({ error: { code: 'export_invalid' } })
})

it('imports a model over pairs with the text that every event has', async () => {
  const { env } = space
  const roberta = `${dir}/../roberta`
  const pairs = JSON.parse(await readFile(`${roberta}/pairs.json`, 'utf8')) as GoldenPair[]
  const { paired, text, logits } = pairs[0]!
  const copied = await mkdtemp(join(tmpdir(), 'winnow-pairs-'))
  await cp(roberta, copied, { recursive: true })
  await rm(join(copied, 'golden.json'))
  const given = ['models', 'import', copied, '--name', 'pairs', '--json']
  const refused = await winnow([...given, '--first-text', 'a', '--second-text', 'b'], { env })
  expect(refused).toMatchObject({ status: 2 })
  const imported = await winnow([...given, '--second-text', paired.text], { env })
  expect(JSON.parse(imported.stdout)).toMatchObject({ model: 'pairs@1', pairedText: paired })
  const input = `${JSON.stringify({ id: '1', text })}\n`
  const classified = await winnow(['classify', '--model', 'pairs'], { env, input })
  const { score } = JSON.parse(classified.stdout) as { score: number }
  expect(score).toBeCloseTo(1 / (1 + Math.exp(-Math.max(...logits))), 4)
  await rm(copied, { recursive: true })
})

it('is served by the stream and the gateway', async () => {
  const { env } = space
  const stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env })
  const gateway = await startWinnow(['serve'], { env })
  const events = golden.map(({ name, text }) => ({
    key: name,
    value: JSON.stringify({ id: name, text }),
  }))
  await producer.send(topicOf(space.config.topics, 'events'), events)
  const rows = await until('a row for each text', async () => {
    const found = await space.analytics.rows<{ event_id: string; label: string; score: number }>(
      "SELECT event_id, label, score FROM classifications WHERE model = 'orders'",
    )
    return found.length === golden.length ? found : undefined
  })
  const body = JSON.stringify({ texts: golden.map(({ text }) => text) })
  const answer = await fetch(new URL('/v1/classify', gateway.document['url'] as string), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(200)
  const { results } = (await answer.json()) as { results: { label: string; score: number }[] }
  for (const [index, { name, label, probabilities }] of golden.entries()) {
    const row = rows.find(({ event_id: id }) => id === name)!
    expect(row.label).toBe(label)
    expect(row.score).toBeCloseTo(Math.max(...probabilities), 4)
    expect(results[index]).toMatchObject({ label })
    expect(results[index]!.score).toBeCloseTo(Math.max(...probabilities), 4)
  }
  await stream.stop()
  await gateway.stop()
})
