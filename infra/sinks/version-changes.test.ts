import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleClassification } from '../../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { VersionChanges, versionChangeColumns } from './version-changes.ts'

let scripted: ScriptedEngine
let changes: VersionChanges
beforeEach(async () => {
  scripted = await openScriptedEngine()
  changes = new VersionChanges(scripted.analytics, { model: 'mail', by: 'host/7' })
})
afterEach(() => scripted.close())

const result = (offset: number, version: string, partition = 0) =>
  sampleClassification({ topic: 't', partition, offset, version })

/** Rows by the names of their columns. */
const named = (rows: readonly unknown[][]): Record<string, unknown>[] =>
  rows.map((row) => Object.fromEntries(versionChangeColumns.map((name, at) => [name, row[at]])))

describe('rowsFor', () => {
  it('has a row where a partition goes on with another version, and at its first row none', async () => {
    const rows = await changes.rowsFor([result(0, '1'), result(1, '1'), result(2, '2')])
    expect(named(rows)).toEqual([
      {
        at: '1767225600.052',
        kind: 'swap',
        model: 'mail',
        version: '2',
        by: 'host/7',
        reason: 'from version 1',
        topic: 't',
        partition: 0,
        offset: 2,
      },
    ])
  })

  it('asks the table once a partition what came before, and not for what it stored itself', async () => {
    scripted.answer('FROM classifications', ({ parameters }) =>
      parameters['partition'] === '0' ? [{ version: '1' }] : [],
    )
    const block = [result(5, '2'), result(6, '2'), result(9, '2', 1)]
    const rows = await changes.rowsFor(block)
    expect(named(rows).map(({ offset }) => offset)).toEqual([5])
    expect(scripted.statements().map(({ parameters }) => parameters)).toEqual([
      { topic: 't', partition: '0', offset: '5', model: 'mail' },
      { topic: 't', partition: '1', offset: '9', model: 'mail' },
    ])
    changes.stored(block)
    expect(await changes.rowsFor([result(7, '2'), result(10, '2', 1)])).toEqual([])
    expect(scripted.statements()).toHaveLength(2)
  })

  it('gives the same rows again until they are known to be stored', async () => {
    const block = [result(0, '1'), result(1, '2')]
    expect(await changes.rowsFor(block)).toEqual(await changes.rowsFor(block))
    changes.stored(block)
    expect(named(await changes.rowsFor([result(2, '1')]))).toMatchObject([
      { offset: 2, reason: 'from version 2' },
    ])
  })

  it('asks again after a reset: others may have written since', async () => {
    changes.stored([result(0, '1')])
    changes.reset()
    scripted.answer('FROM classifications', [{ version: '3' }])
    expect(named(await changes.rowsFor([result(1, '1')]))).toMatchObject([
      { reason: 'from version 3' },
    ])
  })

  it('looks at the champion alone', async () => {
    const other = { ...result(1, '9'), role: 'challenger' as const }
    expect(await changes.rowsFor([result(0, '1'), other, result(2, '1')])).toEqual([])
    changes.stored([result(0, '1'), other])
    expect(await changes.rowsFor([result(3, '1')])).toEqual([])
  })

  it('notes exactly the changes of a partition, however its results are cut into blocks', async () => {
    const versions = fc.array(fc.constantFrom('1', '2', '3'), { minLength: 1, maxLength: 30 })
    const cuts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 30, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(versions, cuts, async (sequence, sizes) => {
        changes.reset()
        const results = sequence.map((version, offset) => result(offset, version))
        const noted: unknown[] = []
        for (let at = 0, cut = 0; at < results.length; cut++) {
          const block = results.slice(at, (at += sizes[cut]!))
          noted.push(...named(await changes.rowsFor(block)).map(({ offset }) => offset))
          changes.stored(block)
        }
        expect(noted).toEqual(
          [...sequence.keys()].filter((at) => at > 0 && sequence[at] !== sequence[at - 1]),
        )
      }),
    )
  })
})

describe('missing', () => {
  it('has the rows that the table lacks, as they would have been written', async () => {
    scripted.answer('lagInFrame', [{ atMs: 1_700_000_000_000, version: '2', from: '1', offset: 4 }])
    expect(named(await changes.missing('t', 3))).toEqual([
      {
        at: '1700000000.000',
        kind: 'swap',
        model: 'mail',
        version: '2',
        by: 'host/7',
        reason: 'from version 1',
        topic: 't',
        partition: 3,
        offset: 4,
      },
    ])
    const [asked] = scripted.statements()
    expect(asked!.parameters).toEqual({ topic: 't', partition: '3', model: 'mail' })
    expect(asked!.sql).toMatch(/role = 'champion' AND attempt = 0/)
  })
})
