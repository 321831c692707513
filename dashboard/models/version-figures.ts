// The figures of versions that people compare.
import type { ModelVersion } from '../api/answers.ts'
import { figure, percent } from '../format/numbers.ts'

/** Accuracy on the test texts; null if it was not measured. */
export function accuracyOf(version: ModelVersion): number | null {
  const { accuracy } = version.metrics
  return version.accuracy ?? (typeof accuracy === 'number' ? accuracy : null)
}

const known = [
  { key: 'macroF1', name: 'Macro F1', isShare: true },
  { key: 'logLoss', name: 'Log loss', isShare: false },
  { key: 'ece', name: 'ECE', isShare: false },
] as const

/** The columns that at least one version has a figure for. */
export function figureColumns(versions: readonly ModelVersion[]) {
  return known.filter(({ key }) => versions.some(({ metrics }) => typeof metrics[key] === 'number'))
}

/** A figure of a version as text; a dash if it was not measured. */
export function figureText(value: number | string | null | undefined, isShare: boolean): string {
  if (typeof value !== 'number') return '–'
  return isShare ? percent(value) : figure(value)
}
