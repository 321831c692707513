// What the table of a replay is asked, and what is made of the answers.
// tests/contract/replay-table.test.ts fills one on the real engine.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ok, rejected } from '../schemas/outcome.ts'
import { exception } from '../tests/support/fake-clickhouse.ts'
import { outputOf, sampleClassification } from '../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../tests/support/scripted-engine.ts'
import { createPatience } from './patience.ts'
import { openReplayTable, requireTableName } from './replay-table.ts'

let scripted: ScriptedEngine
let lines: string[]
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
  lines = []
})
afterEach(() => scripted.close())

const topic = 'events'
const ranges = [
  { partition: 0, from: 5, to: 20 },
  { partition: 2, from: 0, to: 9 },
]

const open = (fields: object = {}) =>
  openReplayTable(
    scripted.analytics,
    { into: 'again', topic, model: 'mail@1', ranges, storeText: true, ...fields },
    createPatience({ waitMsMax: 10_000, log: (line) => lines.push(line) }),
  )

function blockOf(offsets: readonly number[], partition = 2) {
  const outcomes = offsets.map((offset) => {
    const { value, ...one } = outputOf(sampleClassification({ topic, partition, offset }))
    const outcome = offset === 3 ? rejected('text_empty', 'empty') : ok(value)
    return { ...one, stage: 'infer', outcome }
  })
  return { partition, from: offsets[0]!, through: offsets.at(-1)!, outcomes }
}

/** Answers as an engine whose table was made by this very replay. */
function tableIsOurs() {
  const made = () => /COMMENT '(.*)'/.exec(scripted.statements()[0]!.sql)![1]
  scripted.answer('system.tables', () => [{ comment: made() }])
}

describe('openReplayTable', () => {
  it('makes the table, becomes its only writer, and says how far each range is filled', async () => {
    tableIsOurs()
    scripted.answer('max(offset)', [{ partition: 0, last: 11 }])
    const { resumed } = await open()
    expect(resumed).toEqual([
      { partition: 0, from: 5, to: 20, resumedAt: 12 },
      { partition: 2, from: 0, to: 9, resumedAt: 0 },
    ])
    const sql = scripted.statements().map((one) => one.sql)
    expect(sql[0]).toMatch(/^CREATE TABLE IF NOT EXISTS again AS classifications COMMENT /)
    expect(scripted.statements()[2]!.parameters).toMatchObject({
      fenceGroup: 'replay/again',
      fenceTopic: topic,
      fencePartitions: '[0,2]',
    })
    // What is filled is read behind the fence: nobody else can add to it any more.
    expect(sql.findIndex((one) => one.includes('max(offset)'))).toBe(sql.length - 1)
  })

  it('resumes within each range, whatever the table holds', async () => {
    tableIsOurs()
    scripted.answer('max(offset)', [
      { partition: 0, last: 2 },
      { partition: 2, last: 50 },
    ])
    const { resumed } = await open()
    expect(resumed.map(({ resumedAt }) => resumedAt)).toEqual([5, 9])
  })

  it.each([
    ['', 'The table again was not made by a replay, so it cannot take the replay of events'],
    ['replay of others', 'The table again holds the replay of others, so it cannot take'],
  ])('refuses a table that says "%s" of itself', async (said, message) => {
    scripted.answer('system.tables', [{ comment: said }])
    await expect(open()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message) as string,
    })
    expect(scripted.statements().some(({ sql }) => sql.startsWith('INSERT'))).toBe(false)
  })

  it('asks nothing of a table that cannot be', async () => {
    await expect(open({ into: 'a; DROP TABLE b' })).rejects.toMatchObject({ code: 'usage' })
    expect(scripted.engine.seen).toEqual([])
  })
})

describe('write', () => {
  it('stores results under the fence of the partition, and leaves out what has none', async () => {
    tableIsOurs()
    const { write } = await open()
    await write(blockOf([2, 3, 4]))
    const [insert, ...others] = scripted.inserts()
    expect(others).toEqual([])
    expect(insert).toMatchObject({ table: 'again', rows: [{ offset: 2 }, { offset: 4 }] })
    expect(insert!.token).toMatch(/^[0-9a-f]{64}-mail@1-/)
    expect(insert!.token.endsWith(insert!.fence!)).toBe(true)
    await write(blockOf([3]))
    expect(scripted.inserts()).toHaveLength(1)
  })

  it('looks what is missing before it stores a block again', async () => {
    tableIsOurs()
    const { write } = await open()
    scripted.engine.failures.push({ ...exception(236, 'ABORTED'), stores: true })
    scripted.answer('record_time', ({ parameters }) => {
      expect(parameters).toMatchObject({ partition: '2', fromOffset: '1' })
      const { recordTimeMs } = sampleClassification({ offset: 1 })
      return [{ at: 1, ms: recordTimeMs }]
    })
    await write(blockOf([1, 2]))
    const inserts = scripted.inserts()
    expect(inserts.map(({ rows }) => rows.map(({ offset }) => offset))).toEqual([[1, 2], [2]])
    expect(inserts[1]!.fence).toMatch(/\/2$/)
    expect(lines).toHaveLength(1)
    // The next block of the partition goes on with the fence that was raised; others have their
    // own.
    await write(blockOf([4]))
    await write(blockOf([7], 0))
    const fences = scripted.inserts().map(({ fence }) => fence)
    expect(fences[2]).toBe(fences[1])
    expect(fences[3]).toBe(fences[0])
  })

  it('ends when another replay into the table has taken over', async () => {
    tableIsOurs()
    const { write } = await open()
    scripted.engine.failures.push(exception(395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'))
    await expect(write(blockOf([1]))).rejects.toMatchObject({ code: 'fenced' })
  })
})

describe('requireTableName', () => {
  it.each(['again', '_x', 'Table_2', 'a'.repeat(127)])('takes %s', (name) => {
    expect(() => requireTableName(name)).not.toThrow()
  })

  it.each(['', '2again', 'a-b', 'a.b', 'ä', "a' COMMENT 'b", 'a'.repeat(128)])(
    'refuses "%s"',
    (name) => {
      expect(() => requireTableName(name)).toThrow('--into')
    },
  )
})
