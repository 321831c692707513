// Functions with known minima on which samplers are tested and compared.
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { drawNormal } from '../../trainers/tuning/samplers/normal.ts'
import { trialRandom } from '../../trainers/tuning/samplers/sampler.ts'
import type { Parameter, SearchSpace, TrialParameters } from '../../trainers/tuning/space/space.ts'

/** A function to minimise over its space. */
export type Objective = {
  readonly space: SearchSpace
  readonly evaluate: (parameters: TrialParameters) => number
  /** Its lowest value. */
  readonly minimum: number
}

function float(name: string, low: number, high: number): Parameter {
  return { name, domain: { kind: 'float', low, high, scale: 'linear' }, when: [] }
}

/** Branin: two parameters, three minima (Dixon and Szegő 1978). */
export const branin: Objective = {
  space: [float('x', -5, 10), float('y', 0, 15)],
  minimum: 0.397887,
  evaluate({ x, y }) {
    const [first, second] = [x as number, y as number]
    const curve = second - (5.1 / (4 * Math.PI ** 2)) * first ** 2 + (5 / Math.PI) * first - 6
    return curve ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(first) + 10
  },
}

const hartmannWeights = [1, 1.2, 3, 3.2]

/** One of Hartmann's functions: minus four bumps in the unit cube (Dixon and Szegő 1978). */
function hartmann(parts: {
  readonly minimum: number
  readonly scales: readonly (readonly number[])[]
  readonly centres: readonly (readonly number[])[]
}): Objective {
  const { minimum, scales, centres } = parts
  const names = scales[0]!.map((_, index) => 'abcdef'[index]!)
  return {
    space: names.map((name) => float(name, 0, 1)),
    minimum,
    evaluate(parameters) {
      return hartmannWeights.reduce((sum, weight, row) => {
        const distance = names.reduce((total, name, column) => {
          const away = (parameters[name] as number) - centres[row]![column]!
          return total + scales[row]![column]! * away ** 2
        }, 0)
        return sum - weight * Math.exp(-distance)
      }, 0)
    },
  }
}

/** Hartmann 3: three parameters, four minima. */
export const hartmann3: Objective = hartmann({
  minimum: -3.86278,
  scales: [
    [3, 10, 30],
    [0.1, 10, 35],
    [3, 10, 30],
    [0.1, 10, 35],
  ],
  centres: [
    [0.3689, 0.117, 0.2673],
    [0.4699, 0.4387, 0.747],
    [0.1091, 0.8732, 0.5547],
    [0.0381, 0.5743, 0.8828],
  ],
})

/** Hartmann 6: six parameters, four minima. */
export const hartmann6: Objective = hartmann({
  minimum: -3.32237,
  scales: [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
  ],
  centres: [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
  ],
})

function pointOf(parameters: TrialParameters): number[] {
  return Object.values(parameters) as number[]
}

/** Ackley in five parameters: a narrow funnel in a plain of small waves (Ackley 1987). */
export const ackley5: Objective = {
  space: ['a', 'b', 'c', 'd', 'e'].map((name) => float(name, -32.768, 32.768)),
  minimum: 0,
  evaluate(parameters) {
    const point = pointOf(parameters)
    const meanOf = (term: (at: number) => number): number =>
      point.reduce((sum, at) => sum + term(at), 0) / point.length
    const radius = Math.sqrt(meanOf((at) => at ** 2))
    const waves = meanOf((at) => Math.cos(2 * Math.PI * at))
    return 20 + Math.E - 20 * Math.exp(-0.2 * radius) - Math.exp(waves)
  },
}

/** Rosenbrock in five parameters: a curved valley with a flat floor (Rosenbrock 1960). */
export const rosenbrock5: Objective = {
  space: ['a', 'b', 'c', 'd', 'e'].map((name) => float(name, -5, 10)),
  minimum: 0,
  evaluate(parameters) {
    const point = pointOf(parameters)
    return point.slice(1).reduce((sum, at, index) => {
      const before = point[index]!
      return sum + 100 * (at - before ** 2) ** 2 + (1 - before) ** 2
    }, 0)
  },
}

/** A space of every kind of parameter in which two branches have parameters of their own. */
export const branches: Objective = {
  space: [
    { name: 'branch', domain: { kind: 'categorical', choices: ['slow', 'fast', 'off'] }, when: [] },
    {
      name: 'rate',
      domain: { kind: 'float', low: 1e-5, high: 1e-1, scale: 'log' },
      when: [{ parameter: 'branch', values: ['slow', 'fast'] }],
    },
    {
      name: 'layers',
      domain: { kind: 'int', low: 1, high: 12, scale: 'linear' },
      when: [{ parameter: 'branch', values: ['fast'] }],
    },
    {
      name: 'width',
      domain: { kind: 'int', low: 1, high: 1_024, scale: 'log' },
      when: [{ parameter: 'branch', values: ['slow'] }],
    },
    { name: 'flag', domain: { kind: 'categorical', choices: [true, false] }, when: [] },
  ],
  minimum: 0,
  evaluate({ branch, rate, layers, width, flag }) {
    const penalty = flag === true ? 0 : 0.5
    if (branch === 'off') return 3 + penalty
    const rateLoss = (Math.log10(rate as number) + 3) ** 2
    if (branch === 'slow')
      return 1 + penalty + rateLoss + (Math.log2(width as number) - 6) ** 2 / 10
    return penalty + rateLoss + ((layers as number) - 4) ** 2 / 10
  },
}

/** Normal noise of deviation 1 that depends on the seed of a study and the number of a trial. */
export function trialNoise({ seed, number }: { seed: number; number: number }): number {
  // Samplers draw from `trialRandom` of the same seed and number; noise must not repeat their draws.
  const apart = seededRandom(seed ^ 0x6e6f6973).uint32()
  return drawNormal(trialRandom({ seed: apart, number }))
}
