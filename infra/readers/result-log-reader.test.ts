// What is asked for which place, and what is made of the answers. What the SQL finds is tested on the
// real engine in tests/contract/result-log.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { storedResult } from '../../tests/support/gateway-under-test.ts'
import { createResultLog, logRowsMax } from './result-log-reader.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const rowOf = (block: number, offset: number, found: number) => ({
  ...storedResult,
  block,
  offset,
  found,
  bytesBefore: 0,
})
const place = (offset: number) => ({
  topic: 'winnow.events',
  partition: 3,
  offset,
  model: 'mail',
  version: '3',
})

describe('a page of the log', () => {
  it('ends after its last block if it has all there is', async () => {
    scripted.answer('_block_number', [rowOf(7, 1, 2), rowOf(9, 2, 2)])
    const page = await createResultLog(scripted.analytics).after({ block: 5 })
    expect(page.entries.map(({ position }) => position)).toEqual([
      { block: 7, row: place(1) },
      { block: 9, row: place(2) },
    ])
    expect(page).toMatchObject({ position: { block: 9 }, isCut: false })
    expect(page.position).not.toHaveProperty('row')
    expect(scripted.statements()[0]!.parameters).toMatchObject({ block: '5' })
  })

  it.each([
    ['bytes', [rowOf(7, 1, 2)]],
    ['rows', Array.from({ length: logRowsMax }, (_, offset) => rowOf(7, offset, logRowsMax))],
  ])('ends after its last row if its %s are limited', async (_, rows) => {
    scripted.answer('_block_number', rows)
    const page = await createResultLog(scripted.analytics).after({ block: 5 })
    const last = rows.at(-1)!.offset
    expect(page).toMatchObject({ position: { block: 7, row: place(last) }, isCut: true })
  })

  it('begins after a row, given as parameters', async () => {
    const log = createResultLog(scripted.analytics)
    const from = { block: 7, row: place(1) }
    expect(await log.after(from)).toEqual({ entries: [], position: from, isCut: false })
    expect(scripted.statements()[0]!.parameters).toMatchObject({
      block: '7',
      topic: 'winnow.events',
      partition: '3',
      offset: '1',
      model: 'mail',
      version: '3',
    })
  })
})

it('an empty log ends at block 0, and nothing follows', async () => {
  const log = createResultLog(scripted.analytics)
  expect(await log.end()).toEqual({ block: 0 })
  expect(await log.countAfter({ block: 0 }, 10)).toBe(0)
})
