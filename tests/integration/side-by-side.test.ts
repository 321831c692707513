// Versions beside the champion under load: a challenger answers for its share and no other event, a
// shadow's rows are separate and count nowhere, a killed consumer duplicates neither, and promotion
// ends a role.
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { isInShare } from '../../streams/stages/event-share.ts'
import { mcnemarPValue } from '../../trainers/evaluation/mcnemar.ts'
import { startWinnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer
let stream: Running

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  // Version 2 swaps praise and refunds; version 3 is as good as the first.
  const swapped: Record<string, string> = { praise: 'refund', refund: 'praise' }
  await trainTestModel(space.storeDir, { relabel: (label) => swapped[label] ?? label })
  await trainTestModel(space.storeDir)
  await symlink(join(modelStoreDir(), 'bases'), join(space.storeDir, 'bases'))
  producer = await openProducer(space.kafka)
  for (const version of ['1', '2', '3']) await models('push', `test@${version}`, '--force', 'test')
  stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env: space.env })
})

afterAll(async () => {
  await stream.stop()
  await producer.close()
  await space.close()
})

async function models(...argv: string[]): Promise<Record<string, unknown>> {
  const done = await withinProcess(['models', ...argv, '--json'], { env: space.env })
  expect(done.status, done.stderr).toBe(0)
  return JSON.parse(done.stdout) as Record<string, unknown>
}

/** Sends labelled events to the topic, with ids that start with the prefix. */
async function produce(prefix: string, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, number) => {
    const id = `${prefix}-${number}`
    return { key: id, value: JSON.stringify({ id, ...sampleText(number) }) }
  })
  await producer.send(topicOf(space.config.topics, 'events'), records)
}

type Row = { id: string; version: string; role: string; label: string }

function rowsOf(prefix: string): Promise<Row[]> {
  return space.analytics.rows<Row>(
    `SELECT event_id AS id, version, role, label FROM classifications
     WHERE startsWith(event_id, {prefix: String}) ORDER BY id`,
    { prefix: `${prefix}-` },
  )
}

/** Waits until each event of a prefix has its main row; returns all rows. */
function answered(prefix: string, count: number): Promise<Row[]> {
  return until(
    `${count} rows of ${prefix}`,
    async () => {
      const rows = await rowsOf(prefix)
      return rows.filter(({ role }) => role !== 'shadow').length >= count ? rows : undefined
    },
    120_000,
  )
}

let probes = 0
/** Sends a few events at a time until one of them has a matching row. */
async function untilRow(what: string, isIt: (row: Row) => boolean): Promise<void> {
  await until(what, async () => {
    const prefix = `probe${probes++}`
    await produce(prefix, 20)
    return (await answered(prefix, 20)).some(isIt)
  })
}

async function counted(sql: string): Promise<number> {
  const [row] = await space.analytics.rows<{ n: number }>(sql)
  return row!.n
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${String(stream.document['metrics'])}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

describe('a challenger', () => {
  it('answers for its share of the events, drawn by their ids, and for no other', async () => {
    const state = await models('challenge', 'test@2', '--percent', '30', '--reason', 'try it')
    expect(state).toMatchObject({ challenger: { version: '2', percent: 30 }, champion: '1' })
    await untilRow('a row of the challenger', ({ role }) => role === 'challenger')
    await produce('challenged', 600)
    const rows = await answered('challenged', 600)
    expect(rows).toHaveLength(600)
    for (const { id, role, version } of rows) {
      const isChallenged = isInShare(id, { purpose: 'test/challenger', percent: 30 })
      expect({ id, role, version }).toEqual(
        isChallenged
          ? { id, role: 'challenger', version: '2' }
          : { id, role: 'champion', version: '1' },
      )
    }
    const swaps = await counted(`SELECT count() AS n FROM model_releases WHERE kind = 'swap'`)
    expect(swaps).toBe(0)
  })
})

describe('a shadow', () => {
  it('has rows of its own beside the main rows, which count nowhere', async () => {
    await models('shadow', 'test@3', '--percent', '50')
    await until('the shadow', async () => {
      await produce(`warm${probes++}`, 10)
      return (await metric('winnow_shadow_events_total{outcome="stored"}')) > 0
    })
    await produce('shadowed', 400)
    await answered('shadowed', 400)
    const due = Array.from({ length: 400 }, (_, number) => `shadowed-${number}`)
      .filter((id) => isInShare(id, { purpose: 'test/shadow', percent: 50 }))
      .sort()
    const rows = await until('the shadow rows', async () => {
      const found = await rowsOf('shadowed')
      return found.length >= 400 + due.length ? found : undefined
    })
    const shadows = rows.filter(({ role }) => role === 'shadow')
    expect(shadows.map(({ id }) => id)).toEqual(due)
    expect(new Set(shadows.map(({ version }) => version))).toEqual(new Set(['3']))
    const main = `role != 'shadow'`
    const events = await counted(`SELECT count() AS n FROM classifications WHERE ${main}`)
    for (const view of ['label_counts', 'label_set_counts', 'latency']) {
      expect(await counted(`SELECT sum(events) AS n FROM ${view}`)).toBe(events)
    }
    expect(
      await counted(`SELECT uniqExact(event_id) AS n FROM classifications WHERE ${main}`),
    ).toBe(events)
  })

  it('is compared with what answered: agreement, flips, accuracy and McNemar', async () => {
    // The same figures from the rows, pair by pair.
    const rows = await space.analytics.rows<Row & { known: string }>(
      `SELECT event_id AS id, version, toString(role) AS role, label, known.label AS known
       FROM classifications INNER JOIN event_labels AS known USING (event_id)`,
    )
    const byId = Map.groupBy(rows, ({ id }) => id)
    const pairs = [...byId.values()].flatMap((of) => {
      const [second, third] = ['2', '3'].map((version) => of.find((one) => one.version === version))
      return second === undefined || third === undefined ? [] : [{ second, third }]
    })
    const only = (right: 'second' | 'third', wrong: 'second' | 'third') =>
      pairs
        .filter((one) => one[right].label === one[right].known)
        .filter((one) => one[wrong].label !== one[wrong].known).length
    const found = await models('compare', 'test@2', 'test@3')
    const agreeing = pairs.filter(({ second, third }) => second.label === third.label).length
    expect(found).toMatchObject({ a: 'test@2', b: 'test@3', events: pairs.length })
    expect(found['agreement']).toBeCloseTo(agreeing / pairs.length, 10)
    const [onlyARight, onlyBRight] = [only('second', 'third'), only('third', 'second')]
    expect(onlyBRight).toBeGreaterThan(25)
    expect(found['judged']).toMatchObject({ labelled: pairs.length, onlyARight, onlyBRight })
    const { pValue } = found['judged'] as { pValue: number }
    expect(pValue / mcnemarPValue(onlyARight, onlyBRight)).toBeCloseTo(1, 6)
    const flips = found['flips'] as { a: string; b: string; events: number }[]
    expect(flips.map(({ a, b }) => `${a} > ${b}`).sort()).toEqual([
      'praise > refund',
      'refund > praise',
    ])
    expect(flips.reduce((sum, { events }) => sum + events, 0)).toBe(pairs.length - agreeing)
    // In the opposite order the comparison is mirrored.
    const turned = await models('compare', 'test@3', 'test@2')
    expect(turned['judged']).toMatchObject({
      onlyARight: onlyBRight,
      onlyBRight: onlyARight,
      pValue,
    })
    const known = await space.analytics.rows<{ b: number; c: number; p: number }>(
      `SELECT only_a_right AS b, only_b_right AS c, p_value AS p FROM version_mcnemar`,
    )
    expect(known.length).toBeGreaterThanOrEqual(4)
    for (const { b, c, p } of known) expect(p).toBeCloseTo(mcnemarPValue(b, c), 6)
    const champion = await models('compare', 'test@champion', 'test@3')
    expect(champion).toMatchObject({
      a: 'test@1',
      judged: { onlyARight: 0, onlyBRight: 0, pValue: 1 },
    })
  })

  it('is doubled by no redelivery, and loses no main row, when its consumer is killed', async () => {
    await models('shadow', 'test@3', '--percent', '100')
    await produce('killed', 1_000)
    await until('some shadow rows', async () => {
      const rows = await rowsOf('killed')
      return rows.some(({ role }) => role === 'shadow')
    })
    await stream.stop('SIGKILL')
    stream = await startWinnow(['stream', '--stages', 'validate..infer'], { env: space.env })
    await answered('killed', 1_000)
    // The shadow has nothing left to store once a later event has its shadow row.
    await until('a later shadow row', async () => {
      const prefix = `later${probes++}`
      await produce(prefix, 10)
      await answered(prefix, 10)
      // The shadow inserts about once a second; a consumer that has just started may have no shadow
      // yet.
      const stored = async () => (await rowsOf(prefix)).some(({ role }) => role === 'shadow')
      return until(`a shadow row of ${prefix}`, stored, 5_000).catch(() => false)
    })
    const doubled = await space.analytics.rows<object>(
      `SELECT topic, partition, offset, version, count() AS n FROM classifications
       GROUP BY topic, partition, offset, version HAVING n > 1`,
    )
    expect(doubled).toEqual([])
    expect((await rowsOf('killed')).filter(({ role }) => role !== 'shadow')).toHaveLength(1_000)
  })
})

describe('promotion', () => {
  it('takes a challenger over without loading it again, and ends its part', async () => {
    const state = await models('promote', 'test@2', '--reason', 'good enough')
    expect(state).toMatchObject({ champion: '2', challenger: null, shadow: { version: '3' } })
    await untilRow('a main row of version 2', ({ role, version }) => {
      return role === 'champion' && version === '2'
    })
    await produce('promoted', 200)
    const rows = (await answered('promoted', 200)).filter(({ role }) => role !== 'shadow')
    expect(new Set(rows.map(({ role, version }) => `${role} ${version}`))).toEqual(
      new Set(['champion 2']),
    )
    await models('shadow', 'test@3', '--percent', '0')
    const releases = await space.analytics.rows<{ kind: string; version: string; reason: string }>(
      `SELECT kind, version, reason FROM model_releases
       WHERE kind IN ('challenge', 'shadow', 'promote') ORDER BY at`,
    )
    expect(releases).toEqual([
      { kind: 'challenge', version: '2', reason: '30 % of the events: try it' },
      { kind: 'shadow', version: '3', reason: '50 % of the events' },
      { kind: 'shadow', version: '3', reason: '100 % of the events' },
      { kind: 'promote', version: '2', reason: 'good enough' },
      { kind: 'shadow', version: '3', reason: 'ended' },
    ])
  })
})
