// `winnow runs` over the folders of real runs of train, cv and tune on a small base, without a
// server.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { winnow, type Environment, type Finished } from '../support/cli.ts'
import { startFakeMlflow, type FakeMlflow, type FakeRun } from '../support/fake-mlflow.ts'
import { openOfflineFolder, type OfflineFolder } from '../support/offline-folder.ts'
import { letterText } from '../support/tiny-base.ts'
import { withinProcess } from '../support/within-process.ts'
import type { RunComparison } from '../../trainers/tracking/compare-runs.ts'
import type { RunFile } from '../../trainers/tracking/run-store.ts'
import type { DamagedRun, TrackedRun } from '../../trainers/tracking/tracked-run.ts'

let folder: OfflineFolder
let dir: string
let env: Environment
let fake: FakeMlflow
/** The name of each run. */
const made = { head: '', partial: '', cv: '', otherCv: '', moreFolds: '', tune: '' }

beforeAll(async () => {
  fake = await startFakeMlflow()
  folder = await openOfflineFolder(Array.from({ length: 90 }, (_, number) => letterText(number)))
  ;({ dir, env } = folder)
  made.head = await run('train', '--name', 'mail')
  const live = [
    '--set',
    `tracking.mlflow.url=${fake.url}`,
    '--set',
    'tracking.mlflow.endMsMax=60000',
  ]
  made.partial = await run(
    ...['train', '--name', 'mail', '--method', 'partial', '--layers', '1', '--epochs', '2'],
    ...live,
  )
  made.cv = await run(
    'cv',
    '--folds',
    '3',
    '--predictions',
    join(dir, 'predictions.jsonl'),
    ...live,
  )
  made.otherCv = await run('cv', '--folds', '3', '--pooled-layers', 'last')
  made.moreFolds = await run('cv', '--folds', '4', '--name', 'four')
  made.tune = await run('tune', '--name', 'tuned', '--trials', '3', ...live)
}, 300_000)
afterAll(async () => {
  await fake.close()
  await folder.remove()
})

/** Runs a command on the texts, and gives the run that it made. */
async function run(command: string, ...more: string[]): Promise<string> {
  const data = ['--data', join(dir, 'texts.jsonl'), '--base', 'tiny', '--near-duplicates', 'off']
  const done = await winnow([command, ...data, ...more, '--json'], { env })
  expect(done, done.stderr).toMatchObject({ status: 0 })
  return (JSON.parse(done.stdout) as { run: string }).run
}

function runs(...args: string[]): Promise<Finished> {
  return withinProcess(['runs', ...args], { env })
}

async function documentOf<Document>(...args: string[]): Promise<Document> {
  const { status, stdout, stderr } = await runs(...args, '--json')
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as Document
}

it('lists the runs of all commands, newest first', async () => {
  const listed = await documentOf<TrackedRun[]>('list')
  const { trainingRun } = await documentOf<TrackedRun>('show', made.tune)
  expect(listed.map(({ run, kind, state }) => [run, kind, state])).toEqual([
    [trainingRun, 'train', 'finished'],
    [made.tune, 'tune', 'finished'],
    [made.moreFolds, 'cv', 'finished'],
    [made.otherCv, 'cv', 'finished'],
    [made.cv, 'cv', 'finished'],
    [made.partial, 'train', 'finished'],
    [made.head, 'train', 'finished'],
  ])
  expect(listed.every(({ data }) => typeof data.train?.examples === 'number')).toBe(true)
  expect(listed.map(({ versions }) => versions.join())).toEqual([
    ...['tuned@1', '', '', '', '', 'mail@2', 'mail@1'],
  ])
  const { stdout } = await runs('list')
  expect(stdout).toMatch(/^run +kind +name +method +started +examples +metric +model$/m)
  expect(stdout).toMatch(
    new RegExp(
      `^${made.cv} +cv +cv +head +[\\d -]+:\\d\\d +90 +accuracy [\\d.]+ % \\[.*%, .*%\\]$`,
      'm',
    ),
  )
  expect(stdout).toMatch(new RegExp(`^${made.head} +train +mail .* mail@1$`, 'm'))
})

it('filters, sorts and bounds the list', async () => {
  const names = async (...args: string[]): Promise<string[]> =>
    (await documentOf<TrackedRun[]>('list', ...args)).map(({ run }) => run)
  expect(await names('--name', 'mail')).toEqual([made.partial, made.head])
  expect(await names('--kind', 'cv', '--name', 'cv')).toEqual([made.otherCv, made.cv])
  const sorted = await documentOf<TrackedRun[]>('list', '--sort', 'logLoss')
  const losses = sorted.map(({ metrics }) => metrics['logLoss']!.value)
  expect(losses).toEqual(losses.toSorted((a, b) => a - b))
  const best = await documentOf<TrackedRun[]>('list', '--sort', 'accuracy', '--limit', '2')
  expect(best).toHaveLength(2)
  expect(best[0]!.metrics['accuracy']!.value).toBeGreaterThanOrEqual(
    best[1]!.metrics['accuracy']!.value,
  )
  expect((await runs('list', '--limit', '1')).stdout).toContain('6 more runs; --limit shows them')
  expect(await runs('list', '--sort', 'speed')).toMatchObject({ status: 2 })
})

it('shows a training with its epochs, files and the environment that is recorded', async () => {
  const shown = await documentOf<TrackedRun & { files: RunFile[] }>('show', made.partial)
  expect(shown).toMatchObject({
    method: 'partial',
    parameters: { base: 'tiny', layers: 1, epochs: 2 },
    steps: { of: 'epoch', rows: [{ step: '1' }, { step: '2' }] },
    model: 'mail@2',
    environment: { node: process.versions.node, platform: `${process.platform}-${process.arch}` },
  })
  expect(shown.files.map(({ path }) => path)).toContain(join(shown.dir, 'run.json'))
  const { stdout } = await runs('show', made.partial)
  expect(stdout).toMatch(/^kind +train$/m)
  expect(stdout).toMatch(/^train: texts\.jsonl#train, \d+ examples, 3 labels, SHA-256 \w{64}$/m)
  expect(stdout).toMatch(/^epoch +accuracy +macro F1 +/m)
})

it('shows the folds of a cross-validation and the trials of a tune', async () => {
  const folds = await runs('show', made.cv)
  expect(folds.stdout).toMatch(/^pooledLayers +every$/m)
  expect(folds.stdout).toMatch(/^3 +[\d.]+ % /m)
  const trials = await runs('show', made.tune)
  expect(trials.stdout).toMatch(/^trained by +\S+-tuned-\w{6}$/m)
  expect(trials.stdout).toMatch(/^\d \(best\) .* c [\d.]+/m)
  expect(trials.stdout).toContain(`${made.tune}/trials.jsonl`)
})

it('takes the start of a name, and lists the candidates', async () => {
  const start = made.tune.slice(0, -3)
  expect(await documentOf<TrackedRun>('show', start)).toMatchObject({ run: made.tune })
  const many = await runs('show', '2')
  expect(many).toMatchObject({ status: 2 })
  expect(many.stderr).toMatch(/'2' is the start of 7 runs: \S+, /)
  expect(many.stderr).toContain(made.cv)
  const none = await runs('show', 'nothing', '--json')
  expect(none).toMatchObject({ status: 1 })
  expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'not_found' } })
})

it('compares two cross-validations on the same folds by the corrected test', async () => {
  const compared = await documentOf<RunComparison>('compare', made.cv, made.otherCv)
  expect(compared).toMatchObject({
    parameters: [{ name: 'pooledLayers', first: 'every', second: 'last' }],
    data: { train: 'same' },
    folds: 'same',
    test: { with: made.cv, test: 'corrected-paired-t' },
  })
  const accuracy = compared.metrics.find(({ name }) => name === 'accuracy')!
  expect(compared.test!.differences['accuracy']!.mean).toBeCloseTo(accuracy.difference!, 12)
  const { stdout } = await runs('compare', made.cv, made.otherCv)
  expect(stdout).toMatch(/^pooledLayers +every +last$/m)
  expect(stdout).toMatch(/^accuracy +[\d.]+ % +[\d.]+ % +[+-]?[\d.]+ %$/m)
  expect(stdout).toMatch(new RegExp(`^Against ${made.cv} +difference`, 'm'))
})

it('says when data or folds differ', async () => {
  const folds = await runs('compare', made.cv, made.moreFolds)
  expect(folds.stdout).toMatch(/^folds +3 +4$/m)
  expect(folds.stdout).toMatch(/The folds differ, so there is no paired test/)
  const data = await runs('compare', made.head, made.partial)
  expect(data.stdout).toMatch(/^train: different$/m)
  expect(data.stdout).toMatch(/The metrics were measured on different texts: /)
  expect(await runs('compare', made.cv, made.cv)).toMatchObject({ status: 2 })
})

it('writes the report of each kind of run, and of two runs', async () => {
  const report = async (...args: string[]): Promise<{ path: string; page: string }> => {
    const done = await winnow(['report', ...args, '--json'], { env })
    expect(done, done.stderr).toMatchObject({ status: 0 })
    const { report: path } = JSON.parse(done.stdout) as { report: string }
    return { path, page: await readFile(path, 'utf8') }
  }
  const ofRun = (name: string, file = 'report.html') => join(dir, 'store', 'runs', name, file)
  const cv = await readFile(ofRun(made.cv), 'utf8')
  expect(cv).toContain('>Folds</h2>')
  expect(cv).toContain('>Training data</h2>')
  expect(await readFile(ofRun(made.tune), 'utf8')).toContain('<strong>Best is trial ')
  const partial = await report(made.partial, '--out', join(dir, 'partial.html'))
  expect(partial.path).toBe(join(dir, 'partial.html'))
  expect(partial.page).toContain('>Learning curves</h2>')
  expect(partial.page).toContain('>Would more labels help?</h2>')
  const compared = await report(made.cv, made.otherCv)
  expect(compared.path).toBe(ofRun(made.otherCv, `against-${made.cv}.html`))
  expect(compared.page).toContain('>Fold by fold</h2>')
  expect(compared.page).toContain('<th scope="row" dir="auto">pooledLayers</th>')
  expect(await winnow(['report', made.cv, made.cv], { env })).toMatchObject({ status: 2 })
})

it('has sent runs to MLflow while they went on', () => {
  const [partial, cv, tune] = [made.partial, made.cv, made.tune].map((name) =>
    fake.runs.find((one) => one.name === name),
  )
  expect([partial, cv, tune].map((one) => one?.status)).toEqual(Array(3).fill('FINISHED'))
  expect(partial!.params.get('epochs')).toBe('2')
  const epochs = partial!.metricsSent.filter((metric) => metric.startsWith('epoch/accuracy '))
  expect(epochs.map((metric) => metric.split(' ')[1])).toEqual(['1', '2'])
  expect(partial!.metricsSent.some((metric) => metric.startsWith('step/loss 1 '))).toBe(true)
  expect(partial!.datasets).toEqual(['texts.jsonl#train', 'texts.jsonl#validation'])
  const childrenOf = (one: FakeRun) =>
    fake.runs.filter(({ tags }) => tags.get('mlflow.parentRunId') === one.runId)
  expect(childrenOf(cv!).map(({ name }) => name)).toEqual(['fold 1', 'fold 2', 'fold 3'])
  expect(childrenOf(tune!).map(({ name }) => name)).toEqual(['trial 0', 'trial 1', 'trial 2'])
  const paths = [...fake.artifacts.keys()]
  for (const file of ['report.html', 'plots/confusion.svg', 'data-manifest.json', 'run.json']) {
    expect(paths).toContain(`1/${partial!.runId}/artifacts/${file}`)
  }
  expect(paths).toContain(`1/${cv!.runId}/artifacts/predictions/predictions.jsonl`)
  for (const file of ['report.html', 'trials.jsonl', 'model/report.html']) {
    expect(paths).toContain(`1/${tune!.runId}/artifacts/${file}`)
  }
})

it('sends the other runs to MLflow, each once', async () => {
  const none = await runs('sync')
  expect(none).toMatchObject({ status: 2 })
  expect(none.stderr).toContain('set tracking.mlflow.url')
  const url = ['--set', `tracking.mlflow.url=${fake.url}`]
  const synced = await documentOf<{ sent: string[]; unchanged: string[] }>('sync', ...url)
  expect(synced).toMatchObject({ url: fake.url, left: [], failed: [] })
  expect(synced.sent).toEqual([made.head, made.otherCv, made.moreFolds])
  // Seven runs, ten folds and three trials.
  expect(fake.runs).toHaveLength(20)
  expect([...fake.experiments.keys()].toSorted()).toEqual(['cv', 'four', 'mail', 'tuned'])
  expect(fake.runs.every(({ status }) => status === 'FINISHED')).toBe(true)
  const again = await runs('sync', ...url)
  expect(again.stdout).toContain(`0 runs sent to ${fake.url}, 7 sent before`)
  expect(fake.runs).toHaveLength(20)
})

it('shows a damaged folder as such', async () => {
  const damaged = join(dir, 'store', 'runs', '20200101T000000-mail-000000')
  await mkdir(damaged)
  await writeFile(join(damaged, 'run.json'), '{')
  const listed = await documentOf<(TrackedRun | DamagedRun)[]>('list')
  expect(listed).toHaveLength(8)
  expect(listed.at(-1)).toMatchObject({ state: 'damaged', reason: 'run.json is not valid JSON' })
  expect((await runs('list')).stdout).toContain('damaged: run.json is not valid JSON')
  expect((await runs('show', '20200101')).stdout).toContain(join(damaged, 'run.json'))
  const compared = await runs('compare', made.cv, '20200101')
  expect(compared.stderr).toContain('is damaged: run.json is not valid JSON')
  expect(await runs('delete', '20200101')).toMatchObject({ status: 0 })
})

it('deletes a run, but one that made a version only with --force', async () => {
  expect((await runs('delete', made.moreFolds)).stdout).toContain(`${made.moreFolds} deleted`)
  const refused = await runs('delete', made.head)
  expect(refused).toMatchObject({ status: 1 })
  expect(refused.stderr).toMatch(/stays: it made mail@1\. .*--force.*\[run_in_use\]/)
  expect(await documentOf('delete', made.head, '--force')).toMatchObject({
    run: made.head,
    versions: ['mail@1'],
  })
  const left = await documentOf<TrackedRun[]>('list')
  expect(left.map(({ run }) => run)).not.toContain(made.head)
  const input = 'a a b'
  expect(await winnow(['classify', '--model', 'mail@1'], { env, input })).toMatchObject({
    status: 0,
  })
})

it('runs the examples of its page', async () => {
  const page = await readFile('docs/tracking.md', 'utf8')
  const examples = [...page.matchAll(/^winnow runs (.*?)(?: +#.*)?$/gm)].map(([, line]) => line!)
  expect(examples.length).toBeGreaterThan(5)
  const places: Readonly<Record<string, string>> = {
    RUN: made.otherCv,
    'tracking.mlflow.url=http://127.0.0.1:5000': `tracking.mlflow.url=${fake.url}`,
    FIRST: made.cv,
    SECOND: made.otherCv,
  }
  for (const example of examples) {
    const of = example.startsWith('delete') ? { ...places, RUN: made.tune } : places
    const words = example.split(' ').map((word) => of[word] ?? word)
    const { status, stderr } = await runs(...words)
    expect(status, `${example}: ${stderr}`).toBe(0)
  }
})
