// Importances of parameters of known functions.
import { describe, expect, it } from 'vitest'
import { branches } from '../../tests/support/objective-functions.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { parameterImportance } from './importance.ts'
import type { ObservedTrial } from './samplers/sampler.ts'
import { valuesAt, type Parameter, type SearchSpace, type TrialParameters } from './space/space.ts'

const unit = (name: string): Parameter => ({
  name,
  domain: { kind: 'float', low: 0, high: 1, scale: 'linear' },
  when: [],
})

/** Trials at random points. */
function trialsOf(
  space: SearchSpace,
  loss: (parameters: TrialParameters) => number,
  count: number,
): ObservedTrial[] {
  const random = seededRandom(7)
  return Array.from({ length: count }, (_, number) => {
    const point = Float64Array.from(space, () => random.uint32() / 2 ** 32)
    const parameters = valuesAt(space, point)
    return { number, state: 'complete' as const, parameters, loss: loss(parameters) }
  })
}

const shares = (space: SearchSpace, trials: readonly ObservedTrial[]): Record<string, number> =>
  Object.fromEntries(parameterImportance(space, trials).map(({ name, share }) => [name, share]))

describe('parameterImportance', () => {
  it('gives all to the one parameter that decides', () => {
    const space = [
      unit('a'),
      unit('b'),
      { ...unit('c'), domain: { kind: 'categorical' as const, choices: ['x', 'y'] } },
    ]
    const found = shares(
      space,
      trialsOf(space, ({ a }) => a as number, 800),
    )
    expect(found['a']).toBeGreaterThan(0.97)
    expect(found['b']! + found['c']!).toBeLessThan(0.03)
  })

  it('agrees with the closed form for a sum of two parameters', () => {
    // The best tenth of a + b is a + b <= t with t = sqrt(0.2): each density falls linearly from
    // 2 / t to 0, and that of a / 4 is as much stretched. PED-ANOVA of the best set is symmetric
    // for equal weights, and rises with the weight.
    const space = [unit('a'), unit('b')]
    const equal = shares(
      space,
      trialsOf(space, ({ a, b }) => (a as number) + (b as number), 1_500),
    )
    expect(equal['a']).toBeCloseTo(0.5, 1)
    // Loss 4a + b <= t with t = sqrt(0.8): the density of a is 2(1 - 4a/t) 4/t on [0, t/4], and
    // the divergence of a triangle of width w from the uniform density is 4 / (3w) - 1.
    const weighted = shares(
      space,
      trialsOf(space, ({ a, b }) => 4 * (a as number) + (b as number), 1_500),
    )
    const divergence = (width: number): number => 4 / (3 * width) - 1
    const [ofA, ofB] = [divergence(Math.sqrt(0.8) / 4), divergence(Math.sqrt(0.8))]
    expect(weighted['a']).toBeGreaterThan((0.9 * ofA) / (ofA + ofB))
    expect(weighted['a']).toBeLessThan((1.1 * ofA) / (ofA + ofB))
  })

  it('counts pruned trials as none of the best, whatever their last value', () => {
    const space = [unit('a'), unit('b')]
    const trials = trialsOf(space, ({ a }) => a as number, 400).map((trial) =>
      (trial.parameters['b'] as number) > 0.5
        ? { ...trial, state: 'pruned' as const, loss: -1 }
        : trial,
    )
    const found = parameterImportance(space, trials)
    expect(found.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(found[1]!.share).toBeGreaterThan(0.02)
  })

  it('judges conditional parameters by the trials that had them', () => {
    const trials = trialsOf(branches.space, branches.evaluate, 600)
    const found = parameterImportance(branches.space, trials)
    const layers = found.find(({ name }) => name === 'layers')!
    expect(layers.trials).toBeGreaterThan(100)
    expect(layers.trials).toBeLessThan(300)
    expect(found.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12)
    expect(found[0]!.name).toBe('branch')
  })

  it('says nothing about a dozen trials or fewer, and about equal ones', () => {
    const space = [unit('a'), unit('b')]
    expect(
      parameterImportance(
        space,
        trialsOf(space, () => 0, 11),
      ),
    ).toEqual([])
    const same = trialsOf(space, () => 0, 20).map((trial) => ({
      ...trial,
      parameters: { a: 0.5, b: 0.5 },
    }))
    expect(parameterImportance(space, same).map(({ share }) => share)).toEqual([0, 0])
  })
})
