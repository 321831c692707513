// Functions with known minima on which samplers are tested and compared.
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

const hartmann3Scales = [
  [3, 10, 30],
  [0.1, 10, 35],
  [3, 10, 30],
  [0.1, 10, 35],
]
const hartmann3Centres = [
  [0.3689, 0.117, 0.2673],
  [0.4699, 0.4387, 0.747],
  [0.1091, 0.8732, 0.5547],
  [0.0381, 0.5743, 0.8828],
]
const hartmannWeights = [1, 1.2, 3, 3.2]

/** Hartmann 3: three parameters, four minima. */
export const hartmann3: Objective = {
  space: [float('a', 0, 1), float('b', 0, 1), float('c', 0, 1)],
  minimum: -3.86278,
  evaluate({ a, b, c }) {
    const point = [a, b, c] as number[]
    return hartmannWeights.reduce((sum, weight, row) => {
      const distance = point.reduce(
        (total, at, column) =>
          total + hartmann3Scales[row]![column]! * (at - hartmann3Centres[row]![column]!) ** 2,
        0,
      )
      return sum - weight * Math.exp(-distance)
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
