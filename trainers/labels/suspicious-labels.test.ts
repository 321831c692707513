// Suspicious labels by name and text, and the file that lists them.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeExamples } from '../data/dataset.ts'
import { issueCounts, readSuspicious, reportLabels, writeLabelReport } from './suspicious-labels.ts'

const examples = [
  { text: 'refund please', label: 'refund' },
  { text: 'give me my money back', label: 'refund' },
  { id: '7', text: 'where is\nmy parcel', label: 'refund' },
  { text: 'parcel is late', label: 'parcel' },
  { text: 'has it been sent', label: 'parcel' },
]
const dataset = { examples, manifest: describeExamples('set.jsonl', examples) }
const probabilities = Float32Array.of(0.1, 0.9, 0.2, 0.8, 0.95, 0.05, 0.9, 0.1, 0.8, 0.2)
const report = reportLabels(dataset, { labels: ['parcel', 'refund'], probabilities })

test('names the example, its label and the suggested label', () => {
  expect(report).toEqual({
    examples: 5,
    estimatedErrors: 1,
    suspicious: [
      {
        id: '7',
        text: 'where is\nmy parcel',
        given: 'refund',
        suggested: 'parcel',
        score: expect.closeTo(0.1, 0) as number,
        selfConfidence: 0.05,
        margin: -0.9,
      },
    ],
  })
  expect(issueCounts(report)).toEqual({ suspicious: 1, estimatedErrors: 1 })
})

test('writes one line per label, and reads them for a report', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-labels-'))
  expect(await readSuspicious(dir)).toBe(undefined)
  await writeLabelReport(dir, report)
  const lines = await readFile(join(dir, 'label-issues.jsonl'), 'utf8')
  expect(lines).toBe(`${JSON.stringify(report.suspicious[0])}\n`)
  expect(await readSuspicious(dir)).toEqual([
    { text: 'where is\nmy parcel', label: 'refund', suggested: 'parcel' },
  ])
  await rm(dir, { recursive: true, force: true })
})
