// The table of a replay on the real engine: one row per event even if the response to an insert is
// lost, and one writer.
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createPatience } from '../../serving/patience.ts'
import { openReplayTable } from '../../serving/replay-table.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { ok } from '../../schemas/outcome.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { outputOf, sampleClassification } from '../support/sample-records.ts'
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

let backends: Backends
let proxy: TcpProxy
let analytics: Analytics

beforeAll(async () => {
  backends = await openBackends(inject('stack'))
  const { clickhouse } = backends.config
  proxy = await openTcpProxy(new URL(clickhouse.url).host)
  analytics = createAnalytics({ ...clickhouse, url: `http://${proxy.address}` })
})

afterAll(async () => {
  await analytics.close()
  await proxy.close()
  await backends.close()
})

const topic = 'contract.replay'
const table = {
  into: 'again',
  topic,
  model: 'test@1',
  ranges: [{ partition: 2, from: 0, to: 9 }],
  storeText: true,
}

function blockOf(offsets: readonly number[]) {
  const outcomes = offsets.map((offset) => {
    const { value, ...one } = outputOf(sampleClassification({ topic, partition: 2, offset }))
    return { ...one, stage: 'infer', outcome: ok(value) }
  })
  return { partition: 2, from: offsets[0]!, through: offsets.at(-1)!, outcomes }
}

it('holds each row once where the answer to its insert was lost, and has one writer', async () => {
  const lines: string[] = []
  const patience = createPatience({ waitMsMax: 20_000, log: (line) => lines.push(line) })
  const first = await openReplayTable(analytics, table, patience)
  expect(first.resumed).toEqual([{ partition: 2, from: 0, to: 9, resumedAt: 0 }])
  await first.write(blockOf([0, 1]))
  proxy.mute()
  const writing = first.write(blockOf([2, 3, 4]))
  const offsets = async () =>
    (
      await backends.analytics.rows<{ offset: number }>('SELECT offset FROM again ORDER BY offset')
    ).map(({ offset }) => offset)
  await until('the rows', async () => (await offsets()).length === 5)
  proxy.restore()
  await writing
  expect(await offsets()).toEqual([0, 1, 2, 3, 4])
  expect(lines).toHaveLength(1)

  const second = await openReplayTable(analytics, table, patience)
  expect(second.resumed).toEqual([{ partition: 2, from: 0, to: 9, resumedAt: 5 }])
  await expect(first.write(blockOf([5]))).rejects.toMatchObject({ code: 'fenced' })
  await second.write(blockOf([5]))
  expect(await offsets()).toEqual([0, 1, 2, 3, 4, 5])
})
