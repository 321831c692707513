// Makes a report of each kind: of real runs on a tiny base with hostile labels, and of made-up
// evaluations with many labels and with label sets.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { confusedTexts } from '../../trainers/evaluation/confused-texts.ts'
import { evaluatePredictions } from '../../trainers/evaluation/evaluation.ts'
import { evaluateLabelSets } from '../../trainers/evaluation/multi-label-evaluation.ts'
import { dataProfile } from '../../trainers/data/data-profile.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { renderReportHtml } from '../../trainers/report/report-html.ts'
import { winnow, type Environment } from '../support/cli.ts'
import { letterText, writeTinyBase } from '../support/tiny-base.ts'

/** A report on disk. */
export type MadeReport = { readonly name: string; readonly path: string }

/** Labels that would break a page in which they were markup. */
const hostileLabels: Readonly<Record<string, string>> = {
  a: '"><img src=x onerror=alert(1)>',
  b: '</td></table><script>alert(2)</script>',
  c: `a_name_without_any_place_to_break_${'x'.repeat(60)}`,
}
const attributes = [{ channel: 'web' }, { channel: '<b>phone</b>' }, { channel: 'app' }]

/** Makes all reports in a folder; it takes half a minute. */
export async function makeReports(dir: string): Promise<MadeReport[]> {
  const env = {
    WINNOW_MODEL_STORE: join(dir, 'store'),
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_KAFKA_BROKERS: '127.0.0.1:9',
  }
  return [...(await runReports(dir, env)), await manyLabels(dir), await labelSets(dir)]
}

async function runReports(dir: string, env: Environment): Promise<MadeReport[]> {
  const report = async (name: string, ...runs: string[]): Promise<MadeReport> => {
    const { report: path } = await documentOf(['report', ...runs], env)
    return { name, path: String(path) }
  }
  await writeTinyBase(join(dir, 'base'))
  await documentOf(['base', 'pull', 'tiny', '--from', join(dir, 'base')], env)
  await writeTexts(join(dir, 'texts.jsonl'), { from: 0, count: 300 })
  await writeTexts(join(dir, 'test.jsonl'), { from: 5_000, count: 150 })
  const run = async (command: string, ...more: string[]): Promise<string> => {
    const data = ['--data', join(dir, 'texts.jsonl'), '--base', 'tiny', '--near-duplicates', 'off']
    return String((await documentOf([command, ...data, ...more], env))['run'])
  }
  const test = ['--test', join(dir, 'test.jsonl')]
  const head = await run('train', '--name', 'mail', ...test)
  const partial = await run(
    ...(['train', '--name', 'mail', '--method', 'partial', '--layers', '1'] as const),
    ...['--epochs', '3', ...test],
  )
  const cv = await run('cv', '--folds', '4')
  const other = await run('cv', '--folds', '4', '--pooled-layers', 'last', '--compare', cv)
  const tuned = ['tune', '--trials', '14', '--name'] as const
  const tune = await run(...tuned, 'tuned', '--method', 'partial')
  const front = await run(...tuned, 'fast', '--metric', 'macro_f1', '--metric', 'ms_per_text')
  return [
    await report('train', head),
    await report('train-partial', partial),
    await report('cv', other),
    await report('tune', tune),
    await report('tune-front', front),
    await report('two-trainings', head, partial),
    await report('two-cv', cv, other),
    await report('tune-and-cv', tune, cv),
  ]
}

async function documentOf(args: string[], env: Environment): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await winnow([...args, '--json'], { env })
  if (status !== 0) throw new Error(`winnow ${args.join(' ')} failed: ${stderr}`)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Texts of letters, one in ten with a wrong label. */
async function writeTexts(path: string, { from, count }: { from: number; count: number }) {
  const lines = Array.from({ length: count }, (_, at) => {
    const { text, label } = letterText(from + at)
    const given = at % 10 === 0 ? 'abc'[(at / 10) % 3]! : label
    return JSON.stringify({
      text: at % 50 === 0 ? `${text} <b>\u202Ebold</b> میخواهم` : text,
      label: hostileLabels[given],
      attributes: attributes[at % attributes.length],
    })
  })
  await writeFile(path, lines.join('\n'))
}

/** A report of 64 labels, with some confusions between neighbours. */
async function manyLabels(dir: string): Promise<MadeReport> {
  const labels = Array.from({ length: 64 }, (_, at) => `scenario${at % 9}_intent_number_${at}`)
  const random = seededRandom(3)
  const truth = Int32Array.from({ length: 2_000 }, (_, row) => row % labels.length)
  const probabilities = new Float32Array(truth.length * labels.length)
  for (const [row, label] of truth.entries()) {
    const isWrong = random.below(8) === 0
    const guess = isWrong ? (label + 1 + random.below(3)) % labels.length : label
    const confidence = 0.4 + random.below(600) / 1_000
    const own = probabilities.subarray(row * labels.length, (row + 1) * labels.length)
    own.fill((1 - confidence) / (labels.length - 1))
    own[guess] = confidence
  }
  const examples = Array.from(truth, (label, row) => ({
    text: `text ${row} about ${labels[label]}`,
    attributes: attributes[row % attributes.length]!,
  }))
  const predictions = { truth, probabilities }
  const evaluation = evaluatePredictions(predictions, { labels, seed: 1, resamples: 100, examples })
  const texts = examples.map(({ text }) => text)
  const html = await renderReportHtml(evaluation, {
    title: 'intents@1: evaluation',
    facts: [['Base encoder', 'minilm-l6']],
    confused: confusedTexts(evaluation.mostConfused, { predictions, labels, texts }),
    profile: dataProfile(examples),
  })
  return written(dir, { name: '64-labels', html })
}

async function labelSets(dir: string): Promise<MadeReport> {
  const labels = ['late', 'broken', 'refund', 'praise']
  const random = seededRandom(4)
  const targets = Uint8Array.from({ length: 300 * labels.length }, () =>
    random.below(3) === 0 ? 1 : 0,
  )
  const probabilities = Float32Array.from(targets, (target) => {
    return Math.min(0.99, Math.max(0.01, 0.2 + 0.6 * target + random.below(400) / 1_000 - 0.2))
  })
  const evaluation = evaluateLabelSets(
    { targets, probabilities },
    { labels, thresholds: [0.5, 0.5, 0.5, 0.5], seed: 1, resamples: 100 },
  )
  const html = await renderReportHtml(evaluation, { title: 'tags@1: evaluation', facts: [] })
  return written(dir, { name: 'label-sets', html })
}

async function written(
  dir: string,
  { name, html }: { name: string; html: string },
): Promise<MadeReport> {
  const folder = join(dir, 'pages')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${name}.html`)
  await writeFile(path, html)
  return { name, path }
}
