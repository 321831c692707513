// The report in a terminal: scores, worst labels and confused pairs. Text from data cannot send
// control sequences.
import { expect, test } from 'vitest'
import { evaluatePredictions } from '../evaluation/evaluation.ts'
import { renderReportHtml } from './report-html.ts'
import { renderReportText } from './report-text.ts'

const options = { seed: 1, resamples: 20 }

/** Two examples of each label; one of the first label is predicted as the second label. */
function evaluate(labels: string[]) {
  const truth = Int32Array.from({ length: 2 * labels.length }, (_, row) => row >> 1)
  const probabilities = new Float32Array(truth.length * labels.length)
  for (const [row, label] of truth.entries()) {
    probabilities[row * labels.length + (row === 1 ? 1 : label)] = 1
  }
  return evaluatePredictions({ truth, probabilities }, { labels, ...options })
}

test('shows scores, labels, confused pairs and a small matrix', () => {
  const text = renderReportText(evaluate(['ham', 'spam']))
  expect(text).toMatch(/4 texts, 95 % bootstrap intervals\naccuracy +75\.0 % /)
  expect(text).toMatch(
    /Labels +precision +recall +F1 +examples\nham +100\.0 % +50\.0 % +66\.7 % +2\n/,
  )
  expect(text).toMatch(/Truth +predicted +times\nham +spam +1\n/)
  expect(text).toMatch(/Truth \\ predicted +ham +spam\nham +1 +1\nspam +0 +2$/)
})

test('shows only the worst of many labels, and how many there are', () => {
  const text = renderReportText(evaluate(Array.from({ length: 40 }, (_, i) => `label ${i}`)))
  expect(text).toContain('Worst 10 of 40 labels')
  expect(text).not.toContain('Truth \\ predicted')
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(100)
})

test('control sequences in a label do not reach the terminal, nor markup the page', async () => {
  const evaluation = evaluate(['\u001b[31mred', '<script>alert(1)</script>'])
  expect(renderReportText(evaluation)).not.toContain('\u001b')
  const heading = { title: 'a <b>', facts: [['Data', '<i>']] as [string, string][] }
  const page = await renderReportHtml(evaluation, heading)

  expect(page).not.toMatch(/<script|<b>|<i>|\u001b/)
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
})

test('the verdict comes first, with the texts it was measured on and what to check', () => {
  const measuredOn = '4 test texts (test.jsonl) that had no part in training'
  const text = renderReportText({ ...evaluate(['ham', 'spam']), measuredOn })
  expect(text).toMatch(/^Weak: 75\.0 % of 4 texts are right\.\n/)
  expect(text).toContain('These are few texts: with many, between ')
  expect(text).toContain('Weakest label: “ham” (F1 66.7 % of 2 texts).')
  expect(text).toContain('Confusions to look at: “ham” predicted as “spam” (1 time).')
  expect(text).toContain(`Measured on ${measuredOn}.`)
})
