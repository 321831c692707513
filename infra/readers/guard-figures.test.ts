// tests/integration/promotion.test.ts reads the figures of real rows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readGuardFigures } from './guard-figures.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('AS latencyP95Ms', [{ events: 10, latencyP95Ms: 4.5 }])
  scripted.answer('AS errors', [{ errors: 2 }])
  scripted.answer('GROUP BY label', [{ label: 'ham', now: 3, before: 4 }])
  scripted.answer('version_pairs', [{ pairs: 6, disagreeing: 1 }])
})
afterEach(() => scripted.close())

const promotion = { name: 'mail', version: '2', before: '1', promotedAtMs: 1_700_000_000_000 }

describe('readGuardFigures', () => {
  it('puts the figures of four questions together', async () => {
    expect(await readGuardFigures(scripted.analytics, promotion, 60_000)).toEqual({
      events: 10,
      latencyP95Ms: 4.5,
      errors: 2,
      labels: [{ label: 'ham', now: 3, before: 4 }],
      pairs: 6,
      disagreeing: 1,
    })
  })

  it('asks each about one promotion, and the champion before for as long as the guards watch', async () => {
    await readGuardFigures(scripted.analytics, promotion, 60_000)
    expect(scripted.statements()).toHaveLength(4)
    for (const { parameters } of scripted.statements()) {
      expect(parameters).toEqual({
        model: 'mail',
        version: '2',
        before: '1',
        promoted: '1700000000.000',
        from: '1699999940.000',
      })
    }
  })

  it('throws when one of them cannot be answered', async () => {
    const { select } = scripted.engine
    scripted.engine.select = (response) => {
      const isOne = scripted.engine.seen.at(-1)!.body.includes('version_pairs')
      if (isOne) exception(236, 'ABORTED').answer(response)
      else select(response)
    }
    await expect(readGuardFigures(scripted.analytics, promotion, 1)).rejects.toMatchObject({
      code: 'analytics_unavailable',
    })
  })
})
