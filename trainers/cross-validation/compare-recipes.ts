// Two recipes on the same folds: which is better, and by more than chance? The test is
// corrected-t.ts; here stands which runs can be compared, and what is compared.
import { WinnowError } from '../../schemas/errors.ts'
import { compareFolds, type PairedDifference } from './corrected-t.ts'
import type { FoldPlan } from './fold-plan.ts'
import type { JudgedFold } from './fold-scores.ts'

/** This recipe less the other one, score by score. */
export type RecipeComparison = {
  /** The other one's run. */
  readonly with: string
  readonly test: 'corrected-paired-t'
  readonly differences: Readonly<Record<string, PairedDifference>>
}

/** What is needed of another run. */
export type ComparedRun = {
  readonly run: string
  readonly folds: readonly JudgedFold[]
  readonly foldPlan: FoldPlan
}

/**
 * Checks that another run has these folds.
 *
 * @throws WinnowError `usage` naming what differs.
 */
export function requireSameFolds(plan: FoldPlan, other: ComparedRun): void {
  if (plan.sha256 === other.foldPlan.sha256) return
  const flags = [
    ['--folds', 'folds'],
    ['--repeats', 'repeats'],
    ['--seed', 'seed'],
    ['--group', 'group'],
    ['--by-time', 'byTime'],
  ] as const
  const different = flags.flatMap(([flag, name]) =>
    plan[name] === other.foldPlan[name]
      ? []
      : [`${flag} is ${plan[name]} here and ${other.foldPlan[name]} there`],
  )
  const why =
    different.length === 0 ? 'the texts or the rules for duplicates differ' : different.join(', ')
  throw new WinnowError(
    'usage',
    `--compare ${other.run}: it has other folds (${why}); recipes are compared on the same ones.`,
    { details: { run: other.run } },
  )
}

/** Compares folds with those of another run that has the same ones. */
export function compareRecipes(
  folds: readonly JudgedFold[],
  { run, folds: others }: ComparedRun,
): RecipeComparison {
  const names = Object.keys(folds[0]!.metrics)
  const valuesOf = (list: readonly JudgedFold[], name: string): number[] =>
    list.map(({ metrics }) => metrics[name]!)
  return {
    with: run,
    test: 'corrected-paired-t',
    differences: Object.fromEntries(
      names.map((name) => {
        const values = { first: valuesOf(folds, name), second: valuesOf(others, name) }
        return [name, compareFolds(values, folds)]
      }),
    ),
  }
}
