// `winnow forget` on the real broker, registry and engine: events that were classified, labelled,
// replayed, trained on and dead-lettered leave no byte behind, except where the command says so.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer } from '../../infra/kafka/kafka.ts'
import { createTopics, topicOf } from '../../infra/kafka/topics.ts'
import { forgetIn, type Forgotten } from '../../library/forget.ts'
import { startWinnow } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
const others = 60
/** In every text, id and payload of the person who asks to be forgotten. */
const marker = `zq${randomBytes(24).toString('hex')}`
const forgottenIds = [0, 1, 2].map((number) => `m-${number}-${marker}`)

beforeAll(async () => {
  space = await openWorkspace(inject('stack'), { WINNOW_GATEWAY_MODELS: 'false' })
  await smallBase(space.storeDir)
  // Compressed, a text could not be found in the files of the engine.
  const plain = [
    'classifications',
    'text',
    'dead_letters',
    'payload',
    'labels',
    'event_id',
  ] as const
  for (const [at, table] of plain.entries()) {
    if (at % 2 === 1) continue
    const column = plain[at + 1]!
    await space.analytics.run(`ALTER TABLE ${table} MODIFY COLUMN ${column} CODEC(NONE)`)
  }
  await sendEvents()
})

afterAll(() => space.close())

async function sendEvents(): Promise<void> {
  const producer = await openProducer(space.kafka)
  const records = Array.from({ length: others }, (_, number) => {
    const { text, label } = sampleText(number)
    return { id: `e-${number}`, text, label, attributes: { customer: `other-${number % 5}` } }
  })
  const forgotten = forgottenIds.map((id, number) => {
    const { label } = sampleText(number)
    // The label of another kind, so that it is among the suspicious ones.
    const text = `${sampleText(number + 1).text}, says ${marker} in person`
    return { id, text, label, attributes: { customer: '42' } }
  })
  const broken = { id: `m-bad-${marker}`, text: `mine ${marker}`, time: 'soon' }
  await producer.send(topicOf(space.config.topics, 'events'), [
    ...[...records, ...forgotten, { ...broken, attributes: { customer: '42' } }].map((one) => ({
      key: one.id,
      value: JSON.stringify(one),
    })),
    { key: 'e-bad', value: JSON.stringify({ id: 'e-bad', text: 'theirs', time: 'soon' }) },
  ])
  await producer.send(topicOf(space.config.topics, 'labels'), [
    ...forgottenIds.map((id) => ({
      key: id,
      value: JSON.stringify({ id, label: 'praise', by: 'ann' }),
    })),
    { key: 'e-1', value: JSON.stringify({ id: 'e-1', label: 'praise', by: 'ann' }) },
  ])
  await producer.close()
}

const json = async <Document>(...argv: string[]): Promise<Document> => {
  const { status, stdout, stderr } = await withinProcess([...argv, '--json'], { env: space.env })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as Document
}

/** The files that hold the marker, by their paths below a folder; Kafka's log is left out. */
async function filesWithMarker(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.startsWith(join(inject('stack').stateDir, 'kafka'))) continue
    // Files of the engine come and go.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    const plain = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
    if (plain.includes(marker)) found.push(path.slice(dir.length + 1))
  }
  return found.sort()
}

/** The tables of the database that hold the marker in any column. */
async function tablesWithMarker(): Promise<string[]> {
  const tables = await space.analytics.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const [row] = await space.analytics.rows<{ rows: number }>(
      `SELECT count() AS rows FROM ${name}
       WHERE formatRowNoNewline('JSONEachRow', *) LIKE {pattern: String}`,
      { pattern: `%${marker}%` },
    )
    if (row!.rows > 0) found.push(name)
  }
  return found.sort()
}

const countsSql = `SELECT (SELECT count() FROM classifications) AS results,
  (SELECT count() FROM dead_letters) AS letters, (SELECT count() FROM labels) AS labels`

describe('forget', () => {
  it.each([
    ['no events named', []],
    ['events named in two ways', ['--id', 'a', '--attribute', 'customer=42', '--yes']],
    ['an attribute without a value', ['--attribute', 'customer', '--yes']],
    ['nobody to ask', ['--id', 'nobody']],
  ])('removes nothing with %s', async (_what, argv) => {
    const { status } = await withinProcess(['forget', ...argv], { env: space.env })
    expect(status).toBe(2)
    expect(await space.analytics.rows('SELECT * FROM audit')).toEqual([])
  })

  it('leaves nothing of the events, and everything of the others', async () => {
    const { env, analytics, storeDir } = space
    const [stage, labels] = await Promise.all([
      startWinnow(['stream', '--stages', 'validate..infer'], { env }),
      startWinnow(['stream', '--stages', 'labels'], { env }),
    ])
    try {
      await until('every outcome', async () => {
        const [row] = await analytics.rows<Record<string, number>>(countsSql)
        // Each event that is classified came with a label, and four labels came by their topic.
        return (
          row!['results'] === others + 3 && row!['letters'] === 2 && row!['labels'] === others + 7
        )
      })
    } finally {
      await Promise.all([stage.stop(), labels.stop()])
    }
    const topic = topicOf(space.config.topics, 'events')
    await json('replay', '--model', 'test', '--into', 'again')
    // The split decides whose texts are kept in a folder of a run: train until these are in one.
    let version = 0
    let runFiles: string[] = []
    while (runFiles.length === 0 && version < 8) {
      version++
      await json(
        ...['train', '--method', 'head', '--base', 'small', '--max-tokens', '64'],
        ...['--name', 'taught', '--data', `topic:${topic}`, '--seed', String(version)],
      )
      runFiles = (await filesWithMarker(storeDir)).filter((path) => path.startsWith('runs/'))
    }
    // Before: it is in all of these places, so that what is found afterwards means something.
    expect(await tablesWithMarker()).toEqual(['again', 'classifications', 'dead_letters', 'labels'])
    const before = await filesWithMarker(storeDir)
    expect(runFiles).not.toEqual([])
    const engineDir = join(inject('stack').stateDir, 'analytics')
    expect(await filesWithMarker(engineDir)).not.toEqual([])

    const planned = await json<Forgotten>('forget', '--attribute', 'customer=42', '--dry-run')
    expect(planned).toMatchObject({ dryRun: true, events: 4 })
    expect(await filesWithMarker(storeDir)).toEqual(before)

    // On another machine, whose store has one list.
    const otherDir = join(space.dir, 'other-machine')
    const list = join(otherDir, 'runs', 'r', 'label-issues.jsonl')
    await mkdir(join(otherDir, 'runs', 'r'), { recursive: true })
    await writeFile(
      list,
      `${JSON.stringify({ id: forgottenIds[1], text: marker })}\n{"id":"e-1"}\n`,
    )
    const elsewhere = await withinProcess(
      ['forget', '--attribute', 'customer=42', '--files-only', '--yes', '--json'],
      { env: { ...env, WINNOW_MODEL_STORE: otherDir } },
    )
    expect(elsewhere.status, elsewhere.stderr).toBe(0)
    expect(await readFile(list, 'utf8')).toBe('{"id":"e-1"}\n')
    expect(await tablesWithMarker()).toHaveLength(4)
    await analytics.run('TRUNCATE TABLE audit')

    // Stopped before the rows go: what is left says which texts to look for.
    const paths = { cache: space.dir, store: storeDir, state: join(space.dir, 'state') }
    const stopped = forgetIn(
      { config: space.config, paths, note: () => undefined },
      {
        attributes: { customer: '42' },
        onProgress: ({ step }) => {
          if (step === 'rows') throw new Error('stopped')
        },
      },
    )
    await expect(stopped).rejects.toThrow('stopped')
    expect(await filesWithMarker(storeDir)).toEqual([])
    expect(await tablesWithMarker()).toHaveLength(4)
    // The report of the version is made again, without the texts.
    const page = join(storeDir, 'versions', 'taught', String(version), 'report.html')
    expect(planned.files).toContainEqual({ path: page, action: 'rewritten' })
    expect(await readFile(page, 'utf8')).toContain(`taught@${version}: evaluation`)

    const done = await json<Forgotten>(
      ...['forget', '--attribute', 'customer=42', '--yes', '--reason', 'request 7'],
    )
    expect(done.tables).toEqual(planned.tables)
    expect(done.files).toEqual([])
    expect(Object.fromEntries(done.tables.map(({ table, rows }) => [table, rows]))).toEqual({
      classifications: 3,
      dead_letters: 1,
      dead_letter_replays: 0,
      again: 3,
      labels: 6,
    })
    expect(await tablesWithMarker()).toEqual([])
    expect(await filesWithMarker(storeDir)).toEqual([])
    expect(await filesWithMarker(engineDir)).toEqual([])
    expect(await filesWithMarker(space.dir)).toEqual([])
    const [left] = await analytics.rows<Record<string, number>>(countsSql)
    expect(left).toEqual({ results: others, letters: 1, labels: others + 1 })

    // It says where the events still are.
    const { topics, runs } = done.outOfReach
    expect(topics?.find((one) => one.topic === topic)?.offsets).toHaveLength(4)
    const trained = runs.flatMap(({ versions }) => versions).toSorted()
    expect(trained).toEqual(Array.from({ length: version }, (_, at) => `taught@${at + 1}`))
    const audit = await analytics.rows<Record<string, string>>(
      'SELECT action, outcome, reason FROM audit ORDER BY at',
    )
    expect(audit).toEqual([
      { action: 'events.forget', outcome: 'failed', reason: '' },
      { action: 'events.forget', outcome: 'done', reason: 'request 7' },
    ])

    // What Kafka delivers once more stays forgotten.
    await json('replay', '--model', 'test', '--into', 'later')
    expect(await tablesWithMarker()).toEqual([])
  })

  it('finds the texts of mapped inputs on their topics and in dead letters, where rows have none', async () => {
    const { analytics, storeDir, kafka } = space
    const topic = `${space.config.topics.prefix}orders`
    const input = { topic, fields: { text: 'order.note', id: 'order-{order.number}' } }
    const inputs = [{ ...input, cleaning: { steps: ['markup'] } }]
    const env = { ...space.env, WINNOW_INPUTS: JSON.stringify(inputs) }
    const valueOf = (number: number) =>
      JSON.stringify({ order: { number, note: `<b>said by ${number} ${marker}</b>` } })
    const admin = kafka.admin()
    await admin.connect()
    await createTopics(admin, [{ topic, numPartitions: 1, replicationFactor: 1 }])
    await admin.disconnect()
    const producer = await openProducer(kafka)
    await producer.send(topic, [{ key: null, value: valueOf(7) }])
    await producer.close()
    await analytics.run(
      `INSERT INTO classifications (event_id, topic, partition, offset, record_time, event_time,
         classified_at, label, score, model, version, role)
       SELECT 'order-7', {topic: String}, 0, 0, now64(3), now64(3), now64(3), 'praise', 1, 'test', '1',
         'champion'`,
      { topic },
    )
    // Of a record that its topic has given up.
    await analytics.run(
      `INSERT INTO dead_letters (code, message, stage, topic, partition, offset, record_time,
         rejected_at, key, payload, payload_bytes)
       SELECT 'text_too_long', '', 'validate', {topic: String}, 0, 99, now64(3), now64(3), 'order-8',
         {payload: String}, 9`,
      { topic, payload: valueOf(8) },
    )
    const list = join(storeDir, 'runs', 'mapped', 'label-issues.jsonl')
    await mkdir(join(storeDir, 'runs', 'mapped'), { recursive: true })
    const texts = [7, 8].map((number) => `said by ${number} ${marker}`)
    const line = (text: string, at: number) => `${JSON.stringify({ id: `line-${at}`, text })}\n`
    await writeFile(list, ['stays', ...texts].map(line).join(''))
    const { status, stderr } = await withinProcess(
      ['forget', '--id', 'order-7', '--id', 'order-8', '--yes', '--json'],
      { env },
    )
    expect(status, stderr).toBe(0)
    expect(await readFile(list, 'utf8')).toBe(line('stays', 0))
    expect(await tablesWithMarker()).toEqual([])
  })
})
