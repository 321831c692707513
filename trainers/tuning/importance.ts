// How much each parameter of a study decides whether a trial is among the best: PED-ANOVA
// (Watanabe, Bansal and Hutter 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance
// in Arbitrary Subspaces", IJCAI, arXiv:2304.10255). A parameter is important if its values among
// the best trials are distributed otherwise than among all trials.
import type { ObservedTrial } from './samplers/sampler.ts'
import { unitsOf, type Parameter, type SearchSpace } from './space/space.ts'

/** The importance of one parameter. */
export type ParameterImportance = {
  readonly name: string
  /** Its part of all importances, 0 to 1. */
  readonly share: number
  /** The trials that had a value of it. */
  readonly trials: number
}

/** The paper's share of trials that count as the best. */
const bestShare = 0.1
/** Fewer best trials have no distribution to speak of. */
const bestTrialsMin = 4
/** With fewer trials, the result would be chance. */
const trialsMin = 12
/** A smaller sum of divergences is an error of rounding. */
const divergenceMin = 1e-9
/** Points on which the densities of a numeric parameter are compared. */
const gridPoints = 100

/**
 * The importance of each parameter, most important first; empty for too few trials. Pruned trials
 * count as none of the best. A parameter with conditions is judged by the trials that had a value
 * of it, and counts for their share of all trials.
 */
export function parameterImportance(
  space: SearchSpace,
  trials: readonly ObservedTrial[],
): ParameterImportance[] {
  const ended = trials.filter(({ state }) => state === 'complete' || state === 'pruned')
  const complete = ended
    .filter(({ state, loss }) => state === 'complete' && Number.isFinite(loss))
    .toSorted((a, b) => a.loss! - b.loss! || a.number - b.number)
  if (ended.length < trialsMin) return []
  const best = new Set(
    complete.slice(0, Math.max(bestTrialsMin, Math.ceil(bestShare * ended.length))),
  )
  const units = new Map(ended.map((trial) => [trial, unitsOf(space, trial.parameters)]))
  const divergences = space.map((parameter, at) => {
    const placed = ended.flatMap((trial) => {
      const unit = units.get(trial)![at]
      return unit === undefined ? [] : [{ unit, isBest: best.has(trial) }]
    })
    const weight = placed.length / ended.length
    const divergence = weight * divergenceOf(parameter, placed)
    return { name: parameter.name, trials: placed.length, divergence }
  })
  const total = divergences.reduce((sum, { divergence }) => sum + divergence, 0)
  return divergences
    .map(({ name, trials: count, divergence }) => ({
      name,
      share: total < divergenceMin ? 0 : divergence / total,
      trials: count,
    }))
    .toSorted((a, b) => b.share - a.share)
}

/**
 * The Pearson divergence of the density of the best trials from that of all: the mean over all of
 * (p_best / p_all - 1)^2. It is the paper's equation 16 without its factor (best / all)^2, which is
 * the same for every parameter.
 */
function divergenceOf(
  parameter: Parameter,
  trials: readonly { readonly unit: number; readonly isBest: boolean }[],
): number {
  const best = trials.filter(({ isBest }) => isBest)
  if (best.length === 0) return 0
  const unitsIn = (list: typeof trials): number[] => list.map(({ unit }) => unit)
  const ofAll = densityOf(parameter, unitsIn(trials))
  const ofBest = densityOf(parameter, unitsIn(best))
  // As a prior, the best have one trial more, which is distributed as all of them: few of them
  // differ from all by chance.
  const weight = best.length / (best.length + 1)
  return ofAll.reduce((sum, density, at) => {
    return density === 0 ? sum : sum + density * (weight * (ofBest[at]! / density - 1)) ** 2
  }, 0)
}

/** Probabilities of the cells of a parameter, which add up to 1: its choices, or a grid. */
function densityOf({ domain }: Parameter, units: readonly number[]): Float64Array {
  if (domain.kind === 'categorical') {
    const { length } = domain.choices
    const counts = new Float64Array(length)
    for (const unit of units) counts[Math.min(length - 1, Math.floor(unit * length))]! += 1
    return normalized(counts)
  }
  const cells = new Float64Array(gridPoints)
  const width = bandwidth(units)
  for (const unit of units) {
    const kernel = cells.map((_, at) => {
      const distance = ((at + 0.5) / gridPoints - unit) / width
      return Math.exp(-0.5 * distance * distance)
    })
    // Cut off at the ends of the domain.
    for (const [at, density] of normalized(kernel).entries()) cells[at]! += density
  }
  return normalized(cells)
}

/** Scott's rule (1992), with the spread that outliers change less, and at least one cell. */
function bandwidth(units: readonly number[]): number {
  const ascending = Float64Array.from(units).sort()
  const mean = ascending.reduce((sum, unit) => sum + unit, 0) / ascending.length
  const squares = ascending.reduce((sum, unit) => sum + (unit - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / Math.max(1, ascending.length - 1))
  const quartile = (share: number): number => ascending[Math.floor(share * ascending.length)]!
  const range = (quartile(0.75) - quartile(0.25)) / 1.34
  const spread = range > 0 ? Math.min(range, deviation) : deviation
  return Math.max(1 / gridPoints, 1.059 * spread * ascending.length ** -0.2)
}

function normalized(cells: Float64Array): Float64Array {
  const sum = cells.reduce((total, cell) => total + cell, 0)
  return cells.map((cell) => cell / sum)
}
