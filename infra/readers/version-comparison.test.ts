// tests/integration/side-by-side.test.ts reads the comparison of real rows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { compareVersions } from './version-comparison.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
})
afterEach(() => scripted.close())

const pair = { model: 'mail', a: '1', b: '2' }

describe('compareVersions', () => {
  it('puts the answers of the views together, all about one pair', async () => {
    const judged = {
      labelled: 8,
      accuracyA: 0.5,
      accuracyB: 0.75,
      onlyARight: 1,
      onlyBRight: 3,
      pValue: 0.6,
    }
    const flips = [{ a: 'ham', b: 'spam', events: 3 }]
    const alone = [{ version: '1', role: 'champion', labelled: 9, accuracy: 0.5 }]
    scripted.answer('version_disagreement', [{ events: 20, agreement: 0.85 }])
    scripted.answer('version_flips', flips)
    scripted.answer('version_mcnemar', [judged])
    scripted.answer('version_accuracy', alone)
    expect(await compareVersions(scripted.analytics, pair, { flipsMax: 5 })).toEqual({
      events: 20,
      agreement: 0.85,
      flips,
      judged,
      alone,
    })
    expect(scripted.statements()).toHaveLength(4)
    for (const { parameters } of scripted.statements()) {
      expect(parameters).toEqual({ ...pair, flipsMax: '5' })
    }
  })

  it('has no agreement and no judgement without events', async () => {
    expect(await compareVersions(scripted.analytics, pair, { flipsMax: 5 })).toEqual({
      events: 0,
      agreement: null,
      flips: [],
      judged: null,
      alone: [],
    })
  })

  it('lets the server end what takes too long, if a limit is given', async () => {
    await compareVersions(scripted.analytics, pair, { flipsMax: 5 })
    await compareVersions(scripted.analytics, pair, { flipsMax: 5, secondsMax: 20 })
    const limited = scripted.statements().map(({ sql }) => /max_execution_time = 20/.test(sql))
    expect(limited).toEqual([...Array<boolean>(4).fill(false), ...Array<boolean>(4).fill(true)])
  })
})
