import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { judgeVersion, type ChampionCheck } from './publish-gate.ts'

const defaults = configSchema.parse({}).publish

function compared(difference: number, pValue: number): ChampionCheck {
  return {
    kind: 'compared',
    comparison: {
      with: 'mail@1',
      examples: 400,
      bothRight: 0,
      bothWrong: 0,
      test: 'exact',
      onlyFirstRight: 0,
      onlySecondRight: 0,
      difference,
      pValue,
    },
  }
}

const passes = (
  config: typeof defaults,
  metrics: Record<string, number>,
  champion: ChampionCheck,
) => judgeVersion(config, { metrics, champion }).map(({ passed }) => passed)

describe('judgeVersion', () => {
  it('requires the minimum metrics', () => {
    const config = { ...defaults, accuracyMin: 0.9, macroF1Min: 0.8 }
    const first: ChampionCheck = { kind: 'no-champion' }
    expect(passes(config, { accuracy: 0.9, macroF1: 0.8 }, first)).toEqual([true, true, true])
    expect(passes(config, { accuracy: 0.899, macroF1: 0.799 }, first)).toEqual([false, false, true])
    expect(passes(config, {}, first)).toEqual([false, false, true])
    expect(passes(defaults, {}, first)).toEqual([true, true, true])
  })

  it('refuses only a significant loss against the champion', () => {
    const metrics = { accuracy: 1, macroF1: 1 }
    expect(passes(defaults, metrics, compared(-0.02, 0.01))[2]).toBe(false)
    expect(passes(defaults, metrics, compared(-0.02, 0.2))[2]).toBe(true)
    expect(passes(defaults, metrics, compared(0.02, 0.001))[2]).toBe(true)
  })

  it('accepts the champion itself', () => {
    expect(passes(defaults, {}, { kind: 'is-champion' })).toEqual([true, true, true])
  })

  it('refuses a version that could not be compared, unless configured otherwise', () => {
    const unknown: ChampionCheck = { kind: 'not-compared', why: 'it has other labels' }
    expect(passes(defaults, {}, unknown)[2]).toBe(false)
    expect(passes({ ...defaults, comparison: 'when-possible' }, {}, unknown)[2]).toBe(true)
  })
})
