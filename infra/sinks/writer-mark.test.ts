import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { leaveMark } from './writer-mark.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

describe('leaveMark', () => {
  it('leaves one row with a token of its own, of no topic, so that it fences nothing', async () => {
    const mark = await leaveMark(scripted.analytics, 'g')
    const other = await leaveMark(scripted.analytics, 'g')
    expect(other.token).not.toBe(mark.token)
    const row = { consumer_group: 'g', topic: '', partition: 0, number: 0 }
    expect(scripted.inserts()).toEqual(
      [mark, other].map(({ token }) => ({
        table: 'partition_fences',
        rows: [{ ...row, token }],
        token: `mark-${token}`,
        fence: undefined,
      })),
    )
  })

  it('knows itself without asking, and another whose mark the database holds', async () => {
    const mark = await leaveMark(scripted.analytics, 'g')
    scripted.answer('partition_fences', ({ parameters }) => [
      { n: parameters['other'] === 'sibling' ? 1 : 0 },
    ])
    expect(await mark.isKnown(mark.token)).toBe(true)
    expect(scripted.statements()).toEqual([])
    expect(await mark.isKnown('sibling')).toBe(true)
    expect(await mark.isKnown('stranger')).toBe(false)
    expect(scripted.statements().map(({ parameters }) => parameters)).toEqual(
      ['sibling', 'stranger'].map((other) => ({ group: 'g', topic: '', other })),
    )
  })

  it('remembers whom it knows, and asks again about a stranger: its mark may come', async () => {
    const mark = await leaveMark(scripted.analytics, 'g')
    scripted.answer('partition_fences', [{ n: 0 }])
    expect(await mark.isKnown('late')).toBe(false)
    scripted.answer('partition_fences', [{ n: 1 }])
    expect(await mark.isKnown('late')).toBe(true)
    expect(await mark.isKnown('late')).toBe(true)
    expect(scripted.statements()).toHaveLength(2)
  })

  it('takes nobody for a stranger when the database is away', async () => {
    const mark = await leaveMark(scripted.analytics, 'g')
    scripted.engine.select = exception(236, 'ABORTED').answer
    await expect(mark.isKnown('other')).rejects.toMatchObject({ code: 'analytics_unavailable' })
    scripted.engine.failures.push(exception(60, 'UNKNOWN_TABLE'))
    await expect(leaveMark(scripted.analytics, 'g')).rejects.toMatchObject({
      code: 'analytics_refused',
    })
  })
})
