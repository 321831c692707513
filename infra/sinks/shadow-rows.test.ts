import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { sampleClassification } from '../../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { insertShadowRows } from './shadow-rows.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const rows = [0, 1].map((offset) => sampleClassification({ offset, role: 'shadow', version: '2' }))

describe('insertShadowRows', () => {
  it('stores rows of the first attempt, as one block outside the fences', async () => {
    await insertShadowRows(scripted.analytics, rows)
    const [insert] = scripted.inserts()
    expect(insert).toMatchObject({ table: 'classifications', fence: undefined })
    expect(insert!.rows).toMatchObject(
      rows.map(({ offset }) => ({ offset, role: 'shadow', version: '2', attempt: 0 })),
    )
  })

  it('gives the same rows the same token, and others, or those of another version, another', async () => {
    const blocks = [
      rows,
      rows.map((row) => ({ ...row, score: 0.1 })),
      rows.slice(1),
      rows.map((row) => ({ ...row, version: '3' })),
      rows.map((row) => ({ ...row, recordTimeMs: 5 })),
    ]
    for (const block of blocks) await insertShadowRows(scripted.analytics, block)
    const tokens = scripted.inserts().map(({ token }) => token)
    expect(tokens[1]).toBe(tokens[0])
    expect(new Set(tokens).size).toBe(4)
    expect(tokens[0]).toMatch(/^[0-9a-f]{64}-shadow$/)
  })

  it('throws what the engine answers', async () => {
    scripted.engine.failures.push(exception(236, 'ABORTED'))
    await expect(insertShadowRows(scripted.analytics, rows)).rejects.toMatchObject({
      code: 'analytics_unavailable',
    })
  })
})
