// `winnow cv` on a small base, without a server: what it prints, writes and refuses, by the method
// head and by fine-tuning.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CrossValidated } from '../../trainers/cross-validation/cv-record.ts'
import type { PredictionLine } from '../../trainers/cross-validation/predictions-file.ts'
import { winnow, type Environment, type Finished } from '../support/cli.ts'
import { openOfflineFolder, type OfflineFolder } from '../support/offline-folder.ts'
import { letterText } from '../support/tiny-base.ts'
import { withinProcess } from '../support/within-process.ts'

let folder: OfflineFolder
let dir: string
let env: Environment

/** 120 texts of three labels, of twelve customers, in order of time. */
const texts = Array.from({ length: 120 }, (_, number) => ({
  ...letterText(number),
  id: `id-${number}`,
  time: 1_700_000_000_000 + number * 60_000,
  attributes: { customer: `c${Math.floor(number / 10)}` },
}))

beforeAll(async () => {
  folder = await openOfflineFolder(texts)
  ;({ dir, env } = folder)
})
afterAll(() => folder.remove())

function argumentsFor(...more: string[]): string[] {
  const data = ['--data', join(dir, 'texts.jsonl'), '--base', 'tiny', '--near-duplicates', 'off']
  return ['cv', ...data, '--folds', '3', ...more]
}

const cv = (...more: string[]) => withinProcess(argumentsFor(...more), { env })

async function resultOf(finished: Promise<Finished>): Promise<CrossValidated> {
  const { status, stdout, stderr } = await finished
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as CrossValidated
}

it('judges each fold, and writes the run and what each text was predicted as', async () => {
  const file = join(dir, 'predictions.jsonl')
  const first = await resultOf(cv('--repeats', '2', '--predictions', file, '--json'))
  expect(first).toMatchObject({
    model: null,
    method: 'head',
    labels: ['a', 'b', 'c'],
    metrics: { evaluatedOn: 'cross-validation' },
    foldPlan: { folds: 3, repeats: 2, seed: 1, group: null, byTime: false },
  })
  expect(first.folds.map(({ repeat, fold }) => [repeat, fold])).toEqual([
    [1, 1],
    [1, 2],
    [1, 3],
    [2, 1],
    [2, 2],
    [2, 3],
  ])
  const { examples, mean, intervals } = first
  const accuracies = first.folds.map(({ metrics }) => metrics['accuracy']!)
  const middle = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / 6
  expect(mean['accuracy']).toBeCloseTo(middle, 12)
  expect(intervals['accuracy']!.low).toBeLessThanOrEqual(middle)
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const predictions = lines.map((line) => JSON.parse(line) as PredictionLine)
  for (const repeat of [1, 2]) {
    const own = predictions.filter((line) => line.repeat === repeat)
    const indices = own.map(({ index }) => index).sort((a, b) => a - b)
    expect(indices).toEqual(Array.from({ length: examples }, (_, index) => index))
    const right = own.filter(({ label, predicted }) => label === predicted).length
    if (repeat === 1) expect(first.metrics.accuracy).toBeCloseTo(right / examples, 12)
  }
  expect((await readdir(first.runDir)).sort()).toEqual([
    'cv.json',
    'label-issues.jsonl',
    'progress.jsonl',
    'report.html',
    'report.json',
  ])

  // In a process of its own, it does the same.
  const once = argumentsFor('--repeats', '2', '--json', '--set', 'inference.workers=1')
  const again = await resultOf(winnow(once, { env }))
  expect(again.foldPlan).toEqual(first.foldPlan)
  expect(again.mean).toEqual(first.mean)
})

it('leaves predictions by which labels are judged', async () => {
  const predictions = join(dir, 'judging.jsonl')
  const method = ['--method', 'partial', '--layers', '1', '--epochs', '1']
  await resultOf(cv(...method, '--predictions', predictions, '--json'))
  const check = (...more: string[]) => {
    const data = ['--data', join(dir, 'texts.jsonl'), '--near-duplicates', 'off']
    return winnow(['labels', 'check', ...data, ...more, '--predictions', predictions], { env })
  }
  const { status, stdout, stderr } = await check('--json')
  expect(status, stderr).toBe(0)
  const lines = (await readFile(predictions, 'utf8')).trimEnd().split('\n')
  expect(JSON.parse(stdout)).toMatchObject({ examples: lines.length })
  expect(await check('--base', 'tiny')).toMatchObject({ status: 2 })
  const [first, ...others] = lines
  await writeFile(predictions, [first!.replace('"text":"', '"text":"x '), ...others].join('\n'))
  const changed = await check()
  expect(changed.status).toBe(1)
  expect(changed.stderr).toMatch(/judging\.jsonl:1: .* the data has another text there/)
  await writeFile(predictions, others.join('\n'))
  expect((await check()).stdout).toContain('1 label not judged')
})

it('compares fine-tuning with the head on the same folds, and shows it', async () => {
  const { run } = await resultOf(cv('--json'))
  const method = ['--method', 'partial', '--layers', '1', '--epochs', '1']
  const compared = await resultOf(cv(...method, '--compare', run, '--json'))
  expect(compared).toMatchObject({
    method: 'partial',
    comparison: { with: run, test: 'corrected-paired-t' },
  })
  const { mean } = compared.comparison!.differences['accuracy']!
  expect(Math.abs(mean)).toBeLessThanOrEqual(1)
  const shown = await cv('--compare', run)
  expect(shown.stdout).toMatch(/^Fold +trained +tested +accuracy/m)
  expect(shown.stdout).toMatch(/^accuracy +\d+\.\d % +\d\.\d % +\[\d+\.\d %, \d+\.\d %\]$/m)
  expect(shown.stdout).toMatch(new RegExp(`^Against ${run} +difference`, 'm'))
})

it('keeps customers together, and trains on the past', async () => {
  const grouped = await resultOf(cv('--group', 'customer', '--json'))
  expect(grouped.folds.every(({ tested }) => tested % 10 === 0)).toBe(true)
  const rolling = await resultOf(cv('--by-time', '--json'))
  const trained = rolling.folds.map((fold) => fold.trained)
  expect(trained).toEqual(trained.toSorted((a, b) => a - b))
  expect(rolling.metrics.examples).toBeLessThan(rolling.examples)
})

it('runs the examples of its page', async () => {
  const page = await readFile('docs/cross-validation.md', 'utf8')
  const examples = [...page.matchAll(/^winnow (cv --data tickets\.jsonl.*)$/gm)].map(
    ([, line]) => line!,
  )
  expect(examples.length).toBeGreaterThan(5)
  const places: Readonly<Record<string, string>> = {
    'tickets.jsonl': join(dir, 'texts.jsonl'),
    'predictions.jsonl': join(dir, 'of-page.jsonl'),
  }
  let run = ''
  for (const example of examples) {
    const words = example.split(' ').map((word) => (word === 'RUN' ? run : (places[word] ?? word)))
    const result = await resultOf(withinProcess([...words, '--base', 'tiny', '--json'], { env }))
    run = result.run
  }
})

it.each([
  [['--group', 'costumer'], /attributes are "customer"\. Did you mean customer\? \[usage\]/],
  [['--by-time', '--repeats', '2'], /--repeats has no meaning with --by-time/],
  [['--folds', '500'], /--folds 500 is too many: the data has \d+ groups/],
  [['--compare', 'nothing'], /has no run nothing of winnow cv to compare with/],
  [['--epochs', '3'], /--epochs has no meaning with --method head/],
])('refuses %j', async (options, sentence) => {
  const { status, stderr } = await cv(...options)
  expect(status).toBe(2)
  expect(stderr).toMatch(sentence)
})
