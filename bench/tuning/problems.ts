// The problems of `bench/tune.ts`: standard functions, two of them with noise, and tables of real
// trainings. A problem only tells what a trial gives; who suggests trials is tune.ts.
import { existsSync, readFileSync } from 'node:fs'
import {
  ackley5,
  branches,
  branin,
  hartmann3,
  hartmann6,
  rosenbrock5,
  trialNoise,
  type Objective,
} from '../../tests/support/objective-functions.ts'
import { unitOfValue, type SearchSpace } from '../../trainers/tuning/space/space.ts'
import type { Parameter, ParameterValue } from '../../trainers/tuning/space/space.ts'
import type { TrialParameters } from '../../trainers/tuning/space/space.ts'

/** Something to minimise. */
export type Problem = {
  readonly name: string
  readonly space: SearchSpace
  /** Without noise. */
  readonly evaluate: (parameters: TrialParameters) => number
  /** What is added to the value of a trial; both sides get the same. */
  readonly noise: (trial: { seed: number; number: number }) => number
}

/** Results of a grid of real trainings; how it was made is in the file. */
export type TrainingTable = {
  readonly made: Readonly<Record<string, unknown>>
  readonly space: SearchSpace
  /** The values of the grid, by parameter in the order of the space. */
  readonly axes: readonly (readonly ParameterValue[])[]
  /** Loss of each point of the grid; the last axis changes fastest. */
  readonly losses: readonly number[]
}

const tables = [
  ['head', 'head-hwu64'],
  ['partial', 'partial-hwu64'],
] as const

/** Where a table of that name is. */
export function tablePath(name: string): URL {
  return new URL(`../tables/${name}.json`, import.meta.url)
}

/** All problems: eight functions, and the tables that make-table.ts has made. */
export function problems(): Problem[] {
  return [
    exact('Branin', branin),
    exact('Hartmann 3', hartmann3),
    exact('Hartmann 6', hartmann6),
    exact('Ackley 5', ackley5),
    exact('Rosenbrock 5', rosenbrock5),
    exact('mixed', branches),
    noisy('Branin, noise 1', branin, 1),
    noisy('Hartmann 6, noise 0.2', hartmann6, 0.2),
    ...tables.flatMap(([name, file]) => (existsSync(tablePath(file)) ? [table(name, file)] : [])),
  ]
}

function exact(name: string, { space, evaluate }: Objective): Problem {
  return { name, space, evaluate, noise: () => 0 }
}

function noisy(name: string, { space, evaluate }: Objective, deviation: number): Problem {
  return { name, space, evaluate, noise: (trial) => deviation * trialNoise(trial) }
}

/** A trial has the loss of the nearest point of the grid. */
function table(name: string, file: string): Problem {
  const { space, axes, losses } = JSON.parse(readFileSync(tablePath(file), 'utf8')) as TrainingTable
  return {
    name,
    space,
    evaluate(parameters) {
      const index = space.reduce((sum, parameter, axis) => {
        const values = axes[axis]!
        return sum * values.length + nearest(parameter, values, parameters[parameter.name]!)
      }, 0)
      return losses[index]!
    },
    noise: () => 0,
  }
}

function nearest(
  parameter: Parameter,
  values: readonly ParameterValue[],
  value: ParameterValue,
): number {
  const at = unitOfValue(parameter, value)!
  const distances = values.map((each) => Math.abs(unitOfValue(parameter, each)! - at))
  return distances.indexOf(Math.min(...distances))
}
