// Plots as files of their own: drawn without a page around them, and readable with many labels.
import { expect, it } from 'vitest'
import { evaluatePredictions } from '../evaluation/evaluation.ts'
import { confusionPlot, plotFiles } from './artifact-plots.ts'

function evaluationOf(labels: number) {
  const truth = Int32Array.from({ length: 2 * labels }, (_, row) => row % labels)
  const probabilities = new Float32Array(truth.length * labels)
  for (const [row, label] of truth.entries()) probabilities[row * labels + label] = 1
  // The last two labels are confused once.
  probabilities.fill(0, (labels - 1) * labels, labels * labels)
  probabilities[(labels - 1) * labels + labels - 2] = 1
  const names = Array.from({ length: labels }, (_, at) => `label ${at} <&>`)
  return evaluatePredictions({ truth, probabilities }, { labels: names, seed: 1, resamples: 10 })
}

it('draws files that depend on no style sheet', async () => {
  const files = await plotFiles(evaluationOf(3))
  expect(files.map(({ path }) => path)).toEqual([
    'plots/confusion.svg',
    'plots/reliability.svg',
    'plots/risk-coverage.svg',
    'plots/roc.svg',
    'plots/precision-recall.svg',
  ])
  for (const { svg } of files) {
    expect(svg).toMatch(/^<svg[^>]*><rect width="100%" height="100%" fill="#ffffff"\/>/)
    expect(svg).not.toContain('var(--')
  }
  expect(files[0]!.svg).toContain('label 0 &lt;&amp;&gt;')
})

it('shows the labels with the most mistakes where there are too many', () => {
  const { data } = confusionPlot(evaluationOf(80)) as { data: { values: { actual: string }[] } }
  const shown = new Set(data.values.map(({ actual }) => actual))
  expect(shown.size).toBe(64)
  expect(shown).toContain('label 79 <&>')
})
