// What holds of every sampler: suggestions inside of the space, and the same ones for the same
// history. And that a model of the trials finds better ones than chance.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  branches,
  branin,
  hartmann3,
  type Objective,
} from '../../../tests/support/objective-functions.ts'
import { isActive, type TrialParameters } from '../space/space.ts'
import { chooseSampler, samplerNames } from './choose-sampler.ts'
import { gpSampler } from './gp.ts'
import { dominatedArea } from './pareto.ts'
import { randomSampler } from './random.ts'
import type { ObservedTrial, Sampler } from './sampler.ts'
import { tpeSampler } from './tpe.ts'

const names = samplerNames.filter((name) => name !== 'auto')

test('auto asks the process for 200 trials, and TPE once a trial was pruned', () => {
  const trials = observe(randomSampler, branches, { seed: 3, count: 12 })
  const request = { space: branches.space, trials, seed: 3, number: 12 }
  const auto = chooseSampler('auto')
  expect(auto(request)).toEqual(gpSampler(request))
  expect(auto(request)).not.toEqual(tpeSampler(request))
  const later = { ...request, number: 200 }
  expect(auto(later)).toEqual(tpeSampler(later))
  const pruned = { ...request, trials: trials.with(4, { ...trials[4]!, state: 'pruned' }) }
  expect(auto(pruned)).toEqual(tpeSampler(pruned))
})

function observe(
  sampler: Sampler,
  { space, evaluate }: Objective,
  { seed, count }: { seed: number; count: number },
): ObservedTrial[] {
  const trials: ObservedTrial[] = []
  for (let number = 0; number < count; number++) {
    const parameters = sampler({ space, trials, seed, number })
    trials.push({ number, state: 'complete', parameters, loss: evaluate(parameters) })
  }
  return trials
}

function lowestLoss(trials: readonly ObservedTrial[]): number {
  return Math.min(...trials.map(({ loss }) => loss!))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function expectInside(parameters: TrialParameters): void {
  for (const parameter of branches.space) {
    const value = parameters[parameter.name]
    expect(value !== undefined).toBe(isActive(parameter, parameters))
    if (value === undefined) continue
    const { domain } = parameter
    if (domain.kind === 'categorical') expect(domain.choices).toContain(value)
    else {
      expect(value).toBeGreaterThanOrEqual(domain.low)
      expect(value).toBeLessThanOrEqual(domain.high)
      if (domain.kind === 'int') expect(Number.isInteger(value)).toBe(true)
    }
  }
}

/** The median distance to the minimum, over five seeds. */
function gapOf(
  sampler: Sampler,
  { objective, count }: { objective: Objective; count: number },
): number {
  return median(
    [1, 2, 3, 4, 5].map(
      (seed) => lowestLoss(observe(sampler, objective, { seed, count })) - objective.minimum,
    ),
  )
}

const states = fc.constantFrom('complete', 'pruned', 'failed', 'running')

test.each(names)('%s stays inside of the space, whatever the history', (name) => {
  const sampler = chooseSampler(name)
  fc.assert(
    fc.property(
      fc.nat(2 ** 32 - 1),
      fc.array(fc.tuple(states, fc.option(fc.double(), { nil: undefined })), { maxLength: 30 }),
      (seed, history) => {
        const trials = history.map(([state, loss], number): ObservedTrial => {
          const parameters =
            number === 0 ? {} : randomSampler({ space: branches.space, trials: [], seed, number })
          return { number, state, parameters, loss, epochs: number % 4 }
        })
        const request = { space: branches.space, trials, seed, number: trials.length }
        const suggested = sampler(request)
        expectInside(suggested)
        expect(sampler(structuredClone(request))).toEqual(suggested)
      },
    ),
    { numRuns: 40 },
  )
})

test.each(names)('%s gives other trials with another seed', (name) => {
  const [first, second] = [1, 2].map((seed) =>
    observe(chooseSampler(name), hartmann3, { seed, count: 12 }),
  )
  expect(first).not.toEqual(second)
})

test.each([
  ['tpe', tpeSampler],
  ['gp', gpSampler],
])('%s takes running trials into account', (_, sampler) => {
  const trials = observe(sampler, branin, { seed: 1, count: 20 })
  const request = { space: branin.space, trials, seed: 1, number: 21 }
  const alone = sampler(request)
  const running = Array.from({ length: 10 }, (_, index): ObservedTrial => {
    return { number: 20 + index, state: 'running', parameters: alone }
  })
  expect(sampler({ ...request, trials: [...trials, ...running] })).not.toEqual(alone)
})

test.each([
  ['branin', branin, 0.5],
  ['hartmann 3', hartmann3, 0.5],
  ['a conditional space', branches, 0.2],
])('tpe beats random search on %s', (_, objective, share) => {
  const options = { objective, count: 60 }
  expect(gapOf(tpeSampler, options)).toBeLessThan(share * gapOf(randomSampler, options))
})

test.each([
  ['branin', branin],
  ['hartmann 3', hartmann3],
  ['a conditional space', branches],
])('gp comes nearer than tpe on %s with half of the trials', (_, objective) => {
  const gap = gapOf(gpSampler, { objective, count: 25 })
  expect(gap).toBeLessThan(gapOf(tpeSampler, { objective, count: 50 }))
})

/** A circle's points: each loss is least at another corner, so the front is an arc. */
const tradeOff = ({ x, y }: TrialParameters): [number, number] => {
  const [across, up] = [((x as number) + 5) / 15, (y as number) / 15]
  return [across ** 2 + up ** 2, (across - 1) ** 2 + (up - 1) ** 2]
}

/** The median area, over three seeds, that trials with two losses dominate. */
function areaOf(sampler: Sampler, count: number): number {
  return median(
    [1, 2, 3].map((seed) => {
      const trials: ObservedTrial[] = []
      for (let number = 0; number < count; number++) {
        const parameters = sampler({ space: branin.space, trials, seed, number })
        const losses = tradeOff(parameters)
        trials.push({ number, state: 'complete', parameters, loss: losses[0], losses })
      }
      return dominatedArea(
        trials.map(({ losses }) => losses!),
        [2, 2],
      )
    }),
  )
}

test.each([
  ['tpe', tpeSampler],
  ['gp', gpSampler],
])('%s comes nearer to the front of two losses than random search', (_, sampler) => {
  expect(areaOf(sampler, 25)).toBeGreaterThan(areaOf(randomSampler, 25))
})
