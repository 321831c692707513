// What `bench/tune.ts` says of its studies: medians and quartiles, and which side is better.
import { tableText } from '../../commands/terminal.ts'
import type { Problem } from './problems.ts'

/** Trials after which the best value counts. */
export const budgets = [30, 100] as const

/** What came of one study. */
export type StudyResult = {
  readonly problem: string
  readonly side: 'winnow' | 'optuna'
  readonly sampler: string
  readonly seed: number
  /** The best value after each budget. */
  readonly bests: readonly number[]
  /** Of all suggestions. */
  readonly cpuSeconds: number
}

type Quartiles = { readonly low: number; readonly median: number; readonly high: number }

/**
 * One line per problem and budget: median and quartiles of each sampler, and how `auto` of Winnow
 * compares with the sampler of Optuna that has the lowest median there.
 */
export function comparisonText(
  chosen: readonly Pick<Problem, 'name'>[],
  results: readonly StudyResult[],
): string {
  const samplers = [...new Set(results.map(({ side, sampler }) => `${side} ${sampler}`))].toSorted()
  const rows = chosen.flatMap(({ name }) =>
    budgets.map((budget, at) => {
      const of = new Map(
        samplers.map((key) => [key, quartilesOf(bestsOf(results, { name, key, at }))] as const),
      )
      return [name, budget, ...samplers.map((key) => cell(of.get(key))), verdict(of)]
    }),
  )
  return tableText(['problem', 'trials', ...samplers, 'auto against the best rival'], rows)
}

function bestsOf(
  results: readonly StudyResult[],
  { name, key, at }: { name: string; key: string; at: number },
): number[] {
  return results
    .filter(({ problem, side, sampler }) => problem === name && `${side} ${sampler}` === key)
    .flatMap(({ bests }) => bests[at] ?? [])
}

function quartilesOf(values: readonly number[]): Quartiles | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  return { low: at(sorted, 0.25), median: at(sorted, 0.5), high: at(sorted, 0.75) }
}

/** A quantile, interpolated linearly. */
function at(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!)
}

function cell(quartiles: Quartiles | undefined): string | undefined {
  if (quartiles === undefined) return undefined
  const { low, median, high } = quartiles
  return `${short(median)} (${short(low)} to ${short(high)})`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** `better` and `worse` compare medians; `worse, within` is still inside the rival's quartiles. */
function verdict(of: ReadonlyMap<string, Quartiles | undefined>): string | undefined {
  const ours = of.get('winnow auto')
  const rivals = [...of].flatMap(([key, quartiles]) =>
    key.startsWith('optuna') && quartiles !== undefined ? [quartiles] : [],
  )
  if (ours === undefined || rivals.length === 0) return undefined
  const best = rivals.reduce((a, b) => (b.median < a.median ? b : a))
  if (ours.median < best.median) return 'better'
  if (ours.median === best.median) return 'equal'
  return ours.median <= best.high ? 'worse, within' : 'worse'
}
