// What is asked for each reason. tests/integration/gateway-control.test.ts compares the answers of
// the engine with rankings of all rows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { readCandidates } from './labelling-candidates.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const filter = { model: 'mail', exclude: [], limit: 300 }
const asked = () => scripted.statements().at(-1)!

describe('readCandidates', () => {
  it('bounds every query: the newest events, the rows, the time', async () => {
    for (const reason of ['uncertain', 'out-of-scope', 'disagreement'] as const) {
      await readCandidates(scripted.analytics, reason, filter)
      const { sql, parameters } = asked()
      expect(sql).toContain('upToHere - ours < {eventsMax: UInt64}')
      expect(sql).toContain('SETTINGS max_execution_time = 10')
      expect(parameters).toMatchObject({ model: 'mail', rowsMax: '300', eventsMax: '50000' })
    }
  })

  it('ranks by the margin, or by the distance from the thresholds of a multi-label model', async () => {
    await readCandidates(scripted.analytics, 'uncertain', filter)
    expect(asked().sql).toContain('ps)[1] - ps[2]')
    const thresholds = { bill: 0.4, urgent: 0.6 }
    await readCandidates(scripted.analytics, 'uncertain', { ...filter, thresholds })
    expect(asked().sql).toContain('abs(p - {thresholds: Map(String, Float64)}[l])')
    expect(asked().parameters['thresholds']).toBe("{'bill':0.4,'urgent':0.6}")
  })

  it('passes what callers chose as parameters, never as SQL', async () => {
    const odd = `x; DROP TABLE labels --`
    const chosen = { ...filter, version: odd, source: odd, exclude: [odd] }
    await readCandidates(scripted.analytics, 'out-of-scope', chosen)
    const { sql, parameters } = asked()
    expect(sql).not.toContain('DROP')
    expect(sql).toContain('has({exclude: Array(String)}, event_id)')
    expect(parameters).toMatchObject({ version: odd, source: odd })
  })

  it('gives what the shadow says with each disagreement', async () => {
    scripted.answer('ranked.sureness', [{ eventId: 'a', otherLabel: 'spam', otherScore: 0.75 }])
    expect(await readCandidates(scripted.analytics, 'disagreement', filter)).toEqual([
      { eventId: 'a', other: { label: 'spam', score: 0.75 } },
    ])
  })
})
