// Models, runs and labelling over HTTP on the real broker, registry and engine: roles change and
// the gateway swaps, every action is in the audit log, and the labelling queue is compared with
// rankings that are computed here from all rows.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openGateway, type Served } from '../../commands/events/serve.ts'
import { modelStoreDir } from '../../configs/paths.ts'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { createLabellingReader } from '../../infra/readers/labelling-reader.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { openKeyFile } from '../../serving/gateway/key-file.ts'
import { startWinnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer
let gateway: Served
let stages: Running[] = []
const events = 60

beforeAll(async () => {
  space = await openWorkspace(inject('stack'), { WINNOW_INFERENCE_WORKERS: '1' })
  // Version 2 swaps praise and refunds.
  const swapped: Record<string, string> = { praise: 'refund', refund: 'praise' }
  await trainTestModel(space.storeDir, { relabel: (label) => swapped[label] ?? label })
  await symlink(join(modelStoreDir(), 'bases'), join(space.storeDir, 'bases'))
  producer = await openProducer(space.kafka)
  gateway = await openGateway({
    config: space.config,
    storeDir: space.storeDir,
    keys: await openKeyFile(join(space.storeDir, 'keys.json'), () => undefined),
    log: () => undefined,
  })
})

afterAll(async () => {
  await Promise.all(stages.map((one) => one.stop()))
  await gateway.close()
  await producer.close()
  await space.close()
})

type Json = Record<string, unknown>

async function ask(path: string, body?: object): Promise<{ status: number; json: Json }> {
  const response = await fetch(`${gateway.url}${path}`, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  return { status: response.status, json: (await response.json()) as Json }
}

async function changed(verb: string, body: object): Promise<Json> {
  const { status, json } = await ask(`/v1/models/test/${verb}`, body)
  expect([verb, status, json]).toEqual([verb, 200, json])
  return json
}

/** Waits until the gateway answers by a version, and says so in the list of models. */
async function serves(version: string): Promise<void> {
  await until(`answers of version ${version}`, async () => {
    const { json } = await ask('/v1/classify', { texts: ['where is my parcel'] })
    return json['model'] === `test@${version}`
  })
  expect((await ask('/v1/models')).json['serving']).toBe(`test@${version}`)
}

async function rolesOf(version: string): Promise<unknown> {
  const { models } = (await ask('/v1/models')).json as {
    models: { versions: { version: string; roles: unknown[] }[] }[]
  }
  return models[0]!.versions.find((one) => one.version === version)!.roles
}

describe('models over HTTP', () => {
  it('are promoted and rolled back, and the gateway swaps; the gate refuses as the command does', async () => {
    const first = await changed('promote', { version: '1', reason: 'start' })
    expect(first).toMatchObject({
      before: null,
      state: { champion: '1', by: 'gateway', reason: 'start' },
    })
    expect(JSON.stringify(first)).not.toContain(space.dir)
    await serves('1')
    expect(await rolesOf('1')).toEqual([{ kind: 'champion' }])

    const refused = await ask('/v1/models/test/promote', { version: '2', reason: 'try' })
    expect([refused.status, refused.json['code']]).toEqual([422, 'publish_refused'])
    expect(refused.json['detail']).toMatch(/^test@2 is not promoted: /)
    await serves('1')

    const second = await changed('promote', { version: '2', reason: 'try', force: 'a test' })
    expect(second).toMatchObject({
      before: { champion: '1' },
      state: { champion: '2', reason: 'forced: a test; try' },
    })
    await serves('2')
    expect(await rolesOf('1')).toEqual([{ kind: 'previous' }])

    const back = await changed('rollback', { reason: 'swapped labels' })
    expect(back).toMatchObject({
      before: { champion: '2' },
      state: { champion: '1', kind: 'rolled-back', reason: 'swapped labels' },
    })
    await serves('1')
  })

  it('refuse roles that a version cannot have, and what is not there', async () => {
    const body = { version: '1', percent: 5, reason: 'why' }
    const champion = await ask('/v1/models/test/shadow', body)
    expect([champion.status, champion.json['code']]).toEqual([409, 'role_refused'])
    const none = await ask('/v1/models/test/challenge', { ...body, version: '9' })
    expect([none.status, none.json['code']]).toEqual([404, 'model_not_found'])
    const unknown = await ask('/v1/models/nowhere/rollback', { reason: 'why' })
    expect([unknown.status, unknown.json['code']]).toEqual([404, 'model_not_found'])
  })

  it('leave an entry in the audit log for each action, done or refused, and a release', async () => {
    const { entries } = (await ask('/v1/audit')).json as { entries: Json[] }
    const told = entries.map(({ action, target, outcome, code, by }) => [
      ...[action, target, outcome, code, by],
    ])
    expect(told.reverse()).toEqual([
      ['models.promote', 'test@1', 'done', '', 'gateway'],
      ['models.promote', 'test@2', 'refused', 'publish_refused', 'gateway'],
      ['models.promote', 'test@2', 'done', '', 'gateway'],
      ['models.rollback', 'test', 'done', '', 'gateway'],
      ['models.shadow', 'test@1', 'refused', 'role_refused', 'gateway'],
      ['models.challenge', 'test@9', 'refused', 'model_not_found', 'gateway'],
      ['models.rollback', 'nowhere', 'refused', 'model_not_found', 'gateway'],
    ])
    const since = entries[0]!['at'] as string
    const later = (await ask(`/v1/audit?since=${since}&limit=1`)).json as { entries: Json[] }
    expect(later.entries).toEqual([entries[0]])
    const { releases } = (await ask('/v1/models/test/releases')).json as { releases: Json[] }
    const kinds = releases.map(({ kind }) => kind).filter((kind) => kind !== 'swap')
    expect(kinds).toEqual(expect.arrayContaining(['promote', 'rollback', 'refusal']))
  })
})

type Row = {
  id: string
  text: string
  margin: number
  outOfScope: number
  label: string
  role: string
}
type Item = { id: string; text: string; label: string; reason: string; suggestions: Json[] }

async function rows(): Promise<Row[]> {
  return space.analytics.rows<Row>(
    `SELECT event_id AS id, text, label, toString(role) AS role, out_of_scope AS outOfScope,
       arrayReverseSort(mapValues(probabilities))[1] - arrayReverseSort(mapValues(probabilities))[2] AS margin
     FROM classifications`,
  )
}

async function queue(query: string): Promise<Item[]> {
  const { status, json } = await ask(`/v1/labelling/queue?${query}`)
  expect([query, status, json['code']]).toEqual([query, 200, undefined])
  expect(json['model']).toBe('test')
  expect(json['labels']).toEqual(['parcel', 'praise', 'refund'])
  return json['items'] as Item[]
}

describe('the labelling queue', () => {
  const texts = Array.from({ length: events }, (_, number) =>
    // Some texts are of two kinds, some of none, and one came twice.
    number % 6 === 5
      ? `order ${number}: where is my parcel? thank you, but I want a refund of ${number * 7}`
      : number % 6 === 4
        ? `minutes of meeting ${number} about the budget of department ${number * 13}`
        : number === 2
          ? sampleText(1).text
          : sampleText(number).text,
  )

  beforeAll(async () => {
    await changed('shadow', { version: '2', percent: 100, reason: 'compare' })
    const { env } = space
    stages = await Promise.all([
      startWinnow(['stream', '--stages', 'validate..infer'], { env }),
      startWinnow(['stream', '--stages', 'labels'], { env }),
    ])
    // A shadow is opened beside the stream, and an event from before has no row of it.
    await until('the shadow', async () => {
      const metrics = await fetch(`${String(stages[0]!.document['metrics'])}/metrics`)
      return /role="shadow"[^}]*\} 1$/m.test(await metrics.text())
    })
    const records = texts.map((text, number) => ({
      key: null,
      value: JSON.stringify({ id: `e-${number}`, text, source: number < 30 ? 'web' : 'mail' }),
    }))
    await producer.send(topicOf(space.config.topics, 'events'), records)
    await until('rows of both versions', async () => (await rows()).length === 2 * events)
  })

  it('gives the uncertain first: the smallest margin, near-identical texts once', async () => {
    const items = await queue('strategy=uncertain&limit=10')
    const ranked = (await rows())
      .filter(({ role }) => role === 'champion')
      .sort((a, b) => a.margin - b.margin)
    expect(items).toHaveLength(10)
    expect(items[0]!.id).toBe(ranked[0]!.id)
    const ranks = items.map(({ id }) => ranked.findIndex((row) => row.id === id))
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b))
    expect(new Set(items.map(({ reason }) => reason))).toEqual(new Set(['uncertain']))
    const all = await queue('strategy=uncertain&limit=100')
    expect(all.filter(({ text }) => text === sampleText(1).text)).toHaveLength(1)
  })

  it('ranks the labels of a multi-label model by their distance from the thresholds', async () => {
    const thresholds = { parcel: 0.3, praise: 0.6, refund: 0.45, "it's \\ odd": 0.5 }
    const found = await createLabellingReader(space.analytics).candidates('uncertain', {
      ...{ model: 'test', exclude: ["e-'0", 'e-\\1'], thresholds, limit: 300 },
    })
    expect(found).toHaveLength(events)
    const distances = found.map(({ probabilities }) =>
      Math.min(
        ...Object.entries(probabilities).map(([label, probability]) =>
          Math.abs(probability - thresholds[label as keyof typeof thresholds]),
        ),
      ),
    )
    expect(distances).toEqual([...distances].sort((a, b) => a - b))
  })

  it('gives the furthest from what the model knows first', async () => {
    const items = await queue('strategy=out-of-scope&limit=5')
    const ranked = (await rows())
      .filter(({ role, outOfScope }) => role === 'champion' && outOfScope > 0)
      .sort((a, b) => b.outOfScope - a.outOfScope)
    expect(items[0]!.id).toBe(ranked[0]!.id)
    expect(items.length).toBeGreaterThan(0)
  })

  it('gives events on which the champion and the shadow differ, with both labels', async () => {
    const items = await queue('strategy=disagreement&limit=100')
    const all = await rows()
    for (const { id, label, suggestions } of items) {
      const shadow = all.find((row) => row.id === id && row.role === 'shadow')!
      expect(shadow.label).not.toBe(label)
      expect(suggestions[0]!['label']).toBe(label)
      expect(suggestions.map((one) => one['label'])).toContain(shadow.label)
    }
    expect(items.length).toBeGreaterThan(3)
  })

  it('spreads a diverse choice over the kinds of texts', async () => {
    const [diverse, uncertain] = [
      await queue('strategy=diverse&limit=4'),
      await queue('strategy=uncertain&limit=4'),
    ]
    const kinds = (items: Item[]) => new Set(items.map(({ text }) => text.slice(0, 8))).size
    expect(kinds(diverse)).toBeGreaterThanOrEqual(kinds(uncertain))
    expect(kinds(diverse)).toBeGreaterThan(2)
  })

  it('mixes all of them, each event once', async () => {
    const items = await queue('limit=20')
    expect(new Set(items.map(({ id }) => id)).size).toBe(20)
    expect(new Set(items.map(({ reason }) => reason))).toEqual(
      new Set(['uncertain', 'disagreement', 'out-of-scope', 'diverse']),
    )
  })

  it('keeps to a source, and leaves out what is excluded', async () => {
    const items = await queue('strategy=uncertain&source=web&limit=100')
    const numbers = items.map(({ id }) => Number(id.slice(2)))
    expect(Math.max(...numbers)).toBeLessThan(30)
    const [first, second] = items
    const rest = await queue(`strategy=uncertain&source=web&exclude=${first!.id},${second!.id}`)
    expect(rest.map(({ id }) => id)).not.toContain(first!.id)
    expect(rest.map(({ id }) => id)).not.toContain(second!.id)
  })

  it('finds the events with the most similar texts', async () => {
    const { items } = (await ask('/v1/labelling/similar/e-0?limit=5')).json as {
      items: (Item & { similarity: number })[]
    }
    expect(items).toHaveLength(5)
    for (const { text, similarity } of items) {
      expect(text).toMatch(/^where is my parcel/)
      expect(similarity).toBeGreaterThan(0.8)
    }
    expect(items.map(({ id }) => id)).not.toContain('e-0')
    expect((await ask('/v1/labelling/similar/nowhere')).status).toBe(404)
  })
})

describe('labels of people', () => {
  it('take events out of the queue, are compared with each other and with the model', async () => {
    const said = [
      ...[0, 1, 3, 6, 7, 9].map((number) => ({
        number,
        by: 'ann',
        label: sampleText(number).label,
      })),
      // Ben agrees with Ann on four of six.
      ...[0, 1, 3, 6].map((number) => ({ number, by: 'ben', label: sampleText(number).label })),
      ...[7, 9].map((number) => ({ number, by: 'ben', label: 'praise' })),
      { number: 12, by: 'ben', label: null },
    ]
    for (const { number, by, label } of said) {
      const { status } = await ask('/v1/labels', { id: `e-${number}`, by, label })
      expect(status).toBe(202)
    }
    await until('the labels', async () => {
      const [count] = await space.analytics.rows<{ n: number }>('SELECT count() AS n FROM labels')
      return count!.n === said.length
    })
    const ids = (await queue('strategy=uncertain&limit=100')).map(({ id }) => id)
    expect(ids).not.toContain('e-0')
    expect(ids).not.toContain('e-9')
    // Ben took this one back.
    expect(ids).toContain('e-12')

    const agreement = (await ask('/v1/labelling/agreement')).json
    // Ann: 4 parcels, 2 refunds. Ben: 3 parcels, 1 refund, 2 praises.
    const byChance = (4 * 3 + 2 * 1) / 36
    expect(agreement).toEqual({
      people: [
        { by: 'ann', labels: 6 },
        { by: 'ben', labels: 6 },
      ],
      pairs: [
        {
          ...{ a: 'ann', b: 'ben', events: 6, agreement: 4 / 6 },
          kappa: expect.closeTo((4 / 6 - byChance) / (1 - byChance), 12),
        },
      ],
    })

    const { items } = (await ask('/v1/labelling/suspicious?scoreMin=0.5')).json as { items: Json[] }
    expect(items.map(({ id, given, by }) => [id, given, by]).sort()).toEqual([
      ['e-7', 'praise', 'ben'],
      ['e-9', 'praise', 'ben'],
    ])
    expect(items[0]).toMatchObject({ model: 'test@1', text: expect.any(String) })
  })
})

describe('runs over HTTP', () => {
  it('are listed and shown, and reports come from their folders alone', async () => {
    const { runs } = (await ask('/v1/runs?limit=1')).json as { runs: Json[] }
    expect(runs).toHaveLength(1)
    expect(runs[0]).toMatchObject({ kind: 'train', name: 'test', state: 'finished' })
    const name = runs[0]!['run'] as string
    const shown = (await ask(`/v1/runs/${name}`)).json
    expect(shown).toMatchObject({ run: name, hasReport: expect.any(Boolean) })
    const report = await fetch(`${gateway.url}/v1/runs/${name}/report`)
    expect([report.status, report.headers.get('content-security-policy')]).toEqual([
      200,
      expect.stringContaining('sandbox allow-scripts; '),
    ])
    const page = await report.text()
    expect(page.startsWith('<!doctype html>')).toBe(true)
    const ofVersion = await fetch(`${gateway.url}/v1/models/test/versions/2/report`)
    expect([ofVersion.status, (await ofVersion.text()) === page]).toEqual([200, true])
    const secret = join(space.dir, 'report.html')
    await writeFile(secret, 'secret')
    await mkdir(join(space.storeDir, 'runs', 'linked'), { recursive: true })
    await symlink(secret, join(space.storeDir, 'runs', 'linked', 'report.html'))
    for (const path of ['..', '%2e%2e', '..%2f..', 'linked', '.%2e%2f', 'runs%2f..%2f..']) {
      const response = await fetch(`${gateway.url}/v1/runs/${path}/report`)
      expect([path, response.status]).toEqual([path, 404])
    }
  })
})
