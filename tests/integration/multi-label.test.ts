// Multi-label models from end to end: the command line trains, classifies and evaluates on sets of
// labels, and the stream stores an event with two labels as one row with both.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { startWinnow, winnow } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer
let data: string

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  producer = await openProducer(space.kafka)
  const rows = Array.from({ length: 90 }, (_, number) => {
    const [first, second] = [sampleText(number), sampleText(number + 1)]
    if (number % 6 === 5) return { text: `good morning, ${number}`, labels: [] }
    return number % 2 === 0
      ? { text: first.text, labels: [first.label] }
      : { text: `${first.text}; ${second.text}`, labels: [first.label, second.label] }
  })
  await smallBase(space.storeDir)
  data = join(space.dir, 'tags.jsonl')
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
})

afterAll(async () => {
  await producer.close()
  await space.close()
})

const twoKinds = `${sampleText(300).text}; ${sampleText(301).text}`
const both = [sampleText(300).label, sampleText(301).label].sort()

it('trains, classifies and evaluates sets', async () => {
  const { env } = space
  const train = ['train', '--base', 'small']
  const trained = await winnow([...train, '--data', data, '--name', 'tags', '--json'], { env })
  expect(trained.status).toBe(0)
  expect(JSON.parse(trained.stdout)).toMatchObject({
    labels: ['parcel', 'praise', 'refund'],
    metrics: { task: 'multi-label', evaluatedOn: 'cross-validation' },
    dataManifest: { train: { task: 'multi-label', unlabelled: 15 } },
  })
  const input = `${twoKinds}\ngood morning, 7\n`
  const classified = await winnow(['classify', '--model', 'tags'], { env, input })
  const lines = classified.stdout.trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { labels: string[] }).labels)).toEqual([both, []])
  const measured = await winnow(['evaluate', '--model', 'tags', '--data', data, '--json'], { env })
  const evaluation = JSON.parse(measured.stdout) as Record<string, number>
  expect(evaluation).toMatchObject({ task: 'multi-label', model: 'tags@1', examples: 90 })
  expect(evaluation['accuracy']).toBeGreaterThan(0.9)
  const check = ['labels', 'check', '--base', 'small', '--data', data, '--json']
  const checked = await winnow(check, { env })
  expect(checked.status, checked.stderr).toBe(0)
  const { suspicious } = JSON.parse(checked.stdout) as { suspicious: object[] }
  expect(suspicious.length).toBeLessThan(5)
})

it('writes an event with two labels as one row with both', async () => {
  const env = { ...space.env, WINNOW_INFERENCE_MODEL: 'tags' }
  const stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env })
  const events = ['greeting', 'both'].map((id) => {
    const text = id === 'both' ? twoKinds : 'good morning, 7'
    return { key: id, value: JSON.stringify({ id, text }) }
  })
  await producer.send(topicOf(space.config.topics, 'events'), events)
  const rows = await until('two rows', async () => {
    const found = await space.analytics.rows<{ event_id: string; label: string; labels: string[] }>(
      'SELECT event_id, label, labels FROM classifications ORDER BY event_id',
    )
    return found.length === 2 ? found : undefined
  })
  expect(rows).toEqual([
    { event_id: 'both', label: expect.any(String) as string, labels: both },
    { event_id: 'greeting', label: 'winnow.none', labels: [] },
  ])
  expect(both).toContain(rows[0]!.label)
  const counts = await space.analytics.rows(
    'SELECT label, events FROM label_set_counts ORDER BY label',
  )
  expect(counts).toEqual(both.map((label) => ({ label, events: 1 })))
  await stream.stop()
})
