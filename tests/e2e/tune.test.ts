// `winnow tune` on a small set, without any server: its document, the space of a file, pruning, and
// tunes that are killed and resumed, which make the same trials and publish once.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { winnow, type Environment } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { sampleText } from '../support/workspace.ts'

let dir: string
let store: string
let env: Environment
let data: string
let space: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-tune-'))
  store = join(dir, 'store')
  await smallBase(store)
  env = { WINNOW_MODEL_STORE: store, WINNOW_STATE: join(dir, 'state') }
  data = join(dir, 'train.jsonl')
  const lines = Array.from({ length: 90 }, (_, number) => JSON.stringify(sampleText(number)))
  await writeFile(data, lines.join('\n'))
  space = join(dir, 'space.yaml')
  await writeFile(space, 'c: {type: float, low: 0.01, high: 10, scale: log}\n')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const argumentsFor = (name: string): string[] => [
  ...['tune', '--data', data, '--name', name, '--base', 'small', '--space', space],
  ...['--trials', '14', '--metric', 'log_loss', '--seed', '7'],
]

type Tuned = {
  run: string
  model: string
  inverseRegularisation: number
  best: { trial: number; value: number; parameters: { c: number } }
  trials: { trial: number; state: string; value: number; parameters: { c: number } }[]
}

/** The trials without their times. */
const triedIn = ({ trials }: Tuned) =>
  trials.map(({ trial, state, value, parameters }) => ({ trial, state, value, parameters }))

/** Starts a tune of the model, waits until some trials have ended, and kills it; gives its run. */
async function killAfter(
  trials: number,
  { name, args }: { name: string; args: readonly string[] },
): Promise<string> {
  const child = spawn(process.execPath, ['cli.ts', ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: 'ignore',
  })
  const ended = once(child, 'close')
  const runs = join(store, 'runs')
  const find = (): string | undefined =>
    readdirSync(runs).find((run) => {
      const journal = join(runs, run, 'trials.jsonl')
      if (!run.includes(name) || !existsSync(journal)) return false
      return readFileSync(journal, 'utf8').split('"kind":"ended"').length > trials
    })
  await until(`${trials} trials`, () => existsSync(runs) && find() !== undefined)
  child.kill('SIGKILL')
  await ended
  return find()!
}

/** Leaves a run as a kill between publishing the winner and writing that down would. */
async function forgetWinner(run: string): Promise<void> {
  const journal = join(store, 'runs', run, 'trials.jsonl')
  const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n')
  expect(lines.at(-1)).toContain('"kind":"winner"')
  await writeFile(journal, `${lines.slice(0, -1).join('\n')}\n`)
}

it('finds settings, trains them, and makes the same trials when it is killed', async () => {
  const done = await withinProcess([...argumentsFor('unbroken'), '--json'], { env })
  expect(done, done.stderr).toMatchObject({ status: 0 })
  const tuned = JSON.parse(done.stdout) as Tuned
  expect(tuned).toMatchObject({
    model: 'unbroken@1',
    method: 'head',
    labels: ['parcel', 'praise', 'refund'],
    examples: 90,
    metric: 'log_loss',
    metrics: { evaluatedOn: 'cross-validation' },
  })
  expect(tuned.trials).toHaveLength(14)
  expect(tuned.best.value).toBe(Math.min(...tuned.trials.map(({ value }) => value)))
  expect(tuned.inverseRegularisation).toBe(tuned.best.parameters.c)
  expect(done.stderr).toMatch(/trial 0: log_loss [\d.]+, best [\d.]+ \(trial 0\), the default/)
  expect(done.stderr).toMatch(/trial 9: .* c [\d.]+, .* left/)

  const run = await killAfter(5, { name: 'killed', args: argumentsFor('killed') })
  const other = await withinProcess(['tune', '--resume', run, '--seed', '8'], { env })
  expect(other).toMatchObject({ status: 2 })
  expect(other.stderr).toContain('--seed cannot be changed when a run is resumed')
  const resumed = await winnow(['tune', '--resume', run, '--json'], { env, cwd: dir })
  expect(resumed, resumed.stderr).toMatchObject({ status: 0 })
  const after = JSON.parse(resumed.stdout) as Tuned
  expect(after).toMatchObject({ run, model: 'killed@1', best: tuned.best })
  expect(triedIn(after)).toEqual(triedIn(tuned))
  expect(await withinProcess(['tune', '--resume', run], { env })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is finished; its winner is killed@1') as string,
  })
  await forgetWinner(run)
  const again = await withinProcess(['tune', '--resume', run, '--json'], { env })
  expect(JSON.parse(again.stdout)).toMatchObject({ run, model: 'killed@1' })
})

type Front = { trial: number; values: [number, number]; parameters: { 'max-tokens': number } }[]

it('shows the front of two objectives, and publishes another trial of it', async () => {
  const args = ['tune', '--data', data, '--name', 'front', '--base', 'small', '--trials', '6']
  const metrics = ['--metric', 'logLoss', '--metric', 'msPerText']
  const done = await withinProcess([...args, ...metrics, '--json'], { env })
  expect(done, done.stderr).toMatchObject({ status: 0 })
  const tuned = JSON.parse(done.stdout) as Omit<Tuned, 'best'> & { best: Front }
  expect(tuned).toMatchObject({ metric: 'log_loss', objectives: ['log_loss', 'ms_per_text'] })
  const { run, best } = tuned
  expect(best.length).toBeGreaterThan(0)
  for (const { values, parameters } of best) {
    expect(values[1]).toBeGreaterThan(0)
    expect(parameters['max-tokens']).toBeGreaterThanOrEqual(8)
  }
  const losses = best.map(({ values }) => values[0])
  expect(losses).toEqual(losses.toSorted((a, b) => a - b))
  const times = best.map(({ values }) => values[1])
  expect(times).toEqual(times.toSorted((a, b) => b - a))
  expect(tuned).toMatchObject({ model: 'front@1', publishedTrial: best[0]!.trial })
  expect(done.stderr).toContain(`--resume ${run} --publish-trial`)

  const other = String(tuned.trials.find(({ trial }) => trial !== best[0]!.trial)!.trial)
  const publish = ['tune', '--resume', run, '--publish-trial']
  const published = await withinProcess([...publish, other, '--json'], { env })
  expect(published, published.stderr).toMatchObject({ status: 0 })
  const again = JSON.parse(published.stdout) as Tuned
  expect(again).toMatchObject({ run, model: 'front@2', publishedTrial: Number(other), best })
  expect(triedIn(again)).toEqual(triedIn(tuned as unknown as Tuned))
  expect(await withinProcess([...publish, '9'], { env })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`The run ${run} has no trial 9.`) as string,
  })
})

type TunedEncoder = {
  run: string
  trainingRun: string
  model: string
  modelDir: string
  best: { trial: number; value: number }
  trials: {
    trial: number
    state: string
    value: number
    parameters: { lr: number; epochs: number }
    epochs: number[]
  }[]
}

it('fine-tunes trials, stops bad ones, and publishes once when it is killed', async () => {
  const recipes = join(dir, 'recipes.yaml')
  await writeFile(
    recipes,
    'lr: {type: float, low: 1e-5, high: 1e-2, scale: log}\nepochs: {type: int, low: 2, high: 5}\n',
  )
  const argumentsOf = (name: string): string[] => [
    ...['tune', '--data', data, '--name', name, '--base', 'small', '--method', 'partial'],
    ...['--space', recipes, '--trials', '4', '--metric', 'log_loss', '--seed', '7'],
  ]
  const resultOf = async (args: string[]): Promise<TunedEncoder> => {
    const done = await withinProcess([...args, '--json'], { env })
    expect(done, done.stderr).toMatchObject({ status: 0 })
    return JSON.parse(done.stdout) as TunedEncoder
  }
  const tried = ({ trials, best }: TunedEncoder) => ({
    best,
    trials: trials.map(({ trial, state, value, parameters, epochs }) => {
      return { trial, state, value, parameters, epochs }
    }),
  })

  const tuned = await resultOf(argumentsOf('fine-tuned'))
  expect(tuned).toMatchObject({ model: 'fine-tuned@1', method: 'partial' })
  expect(tuned.trials).toHaveLength(4)
  // Few examples per label: the default recipe has many epochs.
  expect(tuned.trials[0]).toMatchObject({ state: 'complete', parameters: { lr: 1e-4, epochs: 40 } })
  const complete = tuned.trials.filter(({ state }) => state === 'complete')
  const pruned = tuned.trials.filter(({ state }) => state === 'pruned')
  expect(complete.length + pruned.length).toBe(4)
  expect(pruned.length).toBeGreaterThan(0)
  for (const { epochs, parameters } of complete) expect(epochs).toHaveLength(parameters.epochs)
  for (const { epochs } of pruned) expect([1, 3]).toContain(epochs.length)
  expect(tuned.best.value).toBe(Math.min(...complete.map(({ value }) => value)))
  // The winner is trained as its trial was, and measured on the same part.
  expect(tuned).toMatchObject({ metrics: { logLoss: tuned.best.value } })
  // If it is stopped, `winnow train --resume` can end it, too.
  const startPath = join(store, 'runs', tuned.trainingRun, 'start.json')
  const { request } = JSON.parse(await readFile(startPath, 'utf8')) as { request: object }
  expect(request).toMatchObject({ data, name: 'fine-tuned', base: 'small', method: 'partial' })
  expect(request).not.toHaveProperty('trials')

  const run = await killAfter(2, { name: 'broken-off', args: argumentsOf('broken-off') })
  const resumed = await resultOf(['tune', '--resume', run])
  expect(resumed).toMatchObject({ run, model: 'broken-off@1' })
  expect(tried(resumed)).toEqual(tried(tuned))

  await forgetWinner(run)
  const again = await resultOf(['tune', '--resume', run])
  expect(again).toMatchObject({ run, model: 'broken-off@1', modelDir: resumed.modelDir })
  expect(tried(again)).toEqual(tried(tuned))
})

it.each([
  [['--trials', '0'], 'a whole number of at least 1'],
  [['--time', '10'], 'a duration such as 90s, 10m or 2h'],
  [['--sampler', 'grid'], 'Allowed choices are'],
  [['--pruner', 'asha'], '--pruner has no meaning with --method head'],
  [['--metric', 'f1'], 'Allowed choices are accuracy, macro_f1, log_loss, ms_per_text'],
  [['--metric', 'logLoss'], '--metric log_loss is given twice'],
  [['--publish-trial', '3'], '--publish-trial needs --resume RUN'],
  [['--space', 'missing.yaml'], 'missing.yaml: there is no such file'],
])('refuses %s', async (wrong, words) => {
  const refused = await withinProcess([...argumentsFor('wrong'), ...wrong], { env })
  expect(refused.status).toBeGreaterThan(0)
  expect(refused.stderr).toContain(words)
})
