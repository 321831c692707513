// Makes a table of real trainings for `bench/tune.ts`: evaluates every point of a grid as a trial of
// `winnow tune` is evaluated, and writes the losses to bench/tables/. A run in pieces of --minutes
// goes on where it ended.
//
//   node bench/tuning/make-table.ts --table head-hwu64 --data hwu64/train.jsonl.gz
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { modelStoreDir } from '../../configs/paths.ts'
import { ensureBase, type Base } from '../../models/bases/base-store.ts'
import { datasetPart, readDataset, type Dataset } from '../../trainers/data/dataset.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { encoderTrials } from '../../trainers/tuning/encoder-trials.ts'
import { headTrials } from '../../trainers/tuning/head-trials.ts'
import type { TrialEvaluator } from '../../trainers/tuning/run-study.ts'
import type { Parameter, ParameterValue } from '../../trainers/tuning/space/space.ts'
import type { TrialParameters } from '../../trainers/tuning/space/space.ts'
import { tablePath, type TrainingTable } from './problems.ts'

const { values } = parseArgs({
  options: {
    table: { type: 'string' },
    data: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})

/** Both methods learn some hundred texts with one thread, and are judged by the log loss. */
const seed = 1
const workers = 1

type Plan = {
  readonly method: 'head' | 'partial'
  /** The most frequent labels, and texts of each. */
  readonly labels: number
  readonly textsPerLabel: number
  readonly axes: readonly { parameter: Parameter; values: readonly ParameterValue[] }[]
}

const plans: Readonly<Record<string, Plan>> = {
  'head-hwu64': {
    method: 'head',
    labels: 40,
    textsPerLabel: 20,
    axes: [
      {
        parameter: numeric('c', 'float', 0.1, 23.7137),
        values: spaced(0.1, 1_000, 33).slice(0, 20),
      },
      choice('class-weights', ['none', 'balanced']),
      choice('pooled-layers', ['every', 'last']),
    ],
  },
  'partial-hwu64': {
    method: 'partial',
    labels: 8,
    textsPerLabel: 70,
    axes: [
      { parameter: numeric('lr', 'float', 3e-5, 3e-3), values: spaced(3e-5, 3e-3, 7) },
      { parameter: numeric('epochs', 'int', 1, 4), values: [1, 2, 4] },
      { parameter: numeric('layers', 'int', 1, 5), values: [1, 3, 5] },
    ],
  },
}

function numeric(name: string, kind: 'float' | 'int', low: number, high: number): Parameter {
  const scale = kind === 'float' ? 'log' : 'linear'
  return { name, domain: { kind, low, high, scale }, when: [] }
}

function choice(name: string, choices: readonly ParameterValue[]): Plan['axes'][number] {
  return {
    parameter: { name, domain: { kind: 'categorical', choices }, when: [] },
    values: choices,
  }
}

/** Evenly by their logarithms. */
function spaced(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) =>
    Number((low * (high / low) ** (index / (count - 1))).toPrecision(6)),
  )
}

const plan = plans[values.table ?? '']
if (plan === undefined || values.data === undefined) {
  throw new Error(`--table ${Object.keys(plans).join('|')} --data FILE [--minutes MINUTES]`)
}
await makeTable(values.table!, plan)

async function makeTable(name: string, { axes, ...plan }: Plan): Promise<void> {
  const storeDir = modelStoreDir()
  const base = await ensureBase({ name: 'minilm-l6', storeDir })
  const train = chosenTexts(await readDataset({ kind: 'file', paths: [values.data!] }), plan)
  const space = axes.map(({ parameter }) => parameter)
  const evaluator = evaluatorOf(plan.method, { train, base, space, storeDir })
  const points = axes.reduce<TrialParameters[]>(
    (before, { parameter, values: each }) =>
      before.flatMap((point) => each.map((value) => ({ ...point, [parameter.name]: value }))),
    [{}],
  )
  const partPath = join(tmpdir(), `winnow-table-${name}.jsonl`)
  const losses = existsSync(partPath)
    ? readFileSync(partPath, 'utf8').trimEnd().split('\n').map(Number)
    : []
  const endsMs = performance.now() + Number(values.minutes) * 60_000
  for (const parameters of points.slice(losses.length)) {
    if (performance.now() > endsMs) break
    const { scores } = await evaluator.evaluate(parameters, {
      number: 0,
      onEpoch: () => 'continue',
      onRestart: () => undefined,
      pruned: new AbortController().signal,
    })
    const loss = Number(scores.log_loss.toFixed(5))
    losses.push(loss)
    appendFileSync(partPath, `${loss}\n`)
  }
  console.log(`${losses.length} of ${points.length} trainings`)
  if (losses.length < points.length) return
  const { method, labels, textsPerLabel } = plan
  const table: TrainingTable = {
    made: {
      command: `node bench/tuning/make-table.ts --table ${name} --data hwu64/train.jsonl.gz`,
      ...{ method, labels, textsPerLabel, base: base.name, seed, loss: 'log_loss' },
    },
    space,
    axes: axes.map(({ values: each }) => each),
    losses,
  }
  writeFileSync(tablePath(name), `${JSON.stringify(table)}\n`)
}

function evaluatorOf(
  method: Plan['method'],
  parts: { train: Dataset; base: Base; space: readonly Parameter[]; storeDir: string },
): TrialEvaluator {
  const options = { ...parts, seed, workers, maxTokens: 32 }
  return method === 'head'
    ? headTrials({ ...options, cacheDir: join(options.storeDir, 'embeddings') })
    : encoderTrials({ ...options, method })
}

/** The same number of texts of each of the most frequent labels, in an order by the seed. */
function chosenTexts(
  dataset: Dataset,
  { labels, textsPerLabel }: Pick<Plan, 'labels' | 'textsPerLabel'>,
): Dataset {
  const frequent = Object.entries(dataset.manifest.labels)
    .toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, labels)
  const left = new Map(frequent.map(([label]) => [label, textsPerLabel]))
  const order = Int32Array.from(dataset.examples, (_, index) => index)
  const chosen = seededRandom(seed)
    .shuffle(order)
    .filter((index) => {
      const { label } = dataset.examples[index]!
      const more = left.get(label) ?? 0
      if (more > 0) left.set(label, more - 1)
      return more > 0
    })
  return datasetPart(dataset, chosen, 'train')
}
