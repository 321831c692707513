// Sorts the measures of a training into charts whose lines share a scale.
import type { RunStep } from '../api/answers.ts'

/** A measure at each step; null where it was not taken. */
export type Curve = { readonly name: string; readonly values: readonly (number | null)[] }

const rates = /(^|_)(lr|learning_?rate)/i
const losses = /loss/i

/** Losses, scores and learning rates, each with its curves; empty groups are left out. */
export function curvesOf(
  steps: readonly RunStep[],
): { readonly title: string; readonly series: readonly Curve[] }[] {
  const names = [...new Set(steps.flatMap(({ metrics }) => Object.keys(metrics)))]
  const curves = names.map((name) => ({
    name,
    values: steps.map(({ metrics }) => metrics[name] ?? null),
  }))
  const groupOf = ({ name, values }: Curve): string => {
    if (losses.test(name)) return 'Loss'
    if (rates.test(name)) return 'Learning rate'
    const isShare = values.every((value) => value === null || (value >= -1 && value <= 1))
    return isShare ? 'Scores' : 'Other measures'
  }
  return ['Loss', 'Scores', 'Learning rate', 'Other measures'].flatMap((title) => {
    const series = curves.filter((curve) => groupOf(curve) === title)
    return series.length === 0 ? [] : [{ title, series }]
  })
}
