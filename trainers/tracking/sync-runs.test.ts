// Runs sent to a fake MLflow server: what arrives, that a repeated or stopped sync sends nothing
// twice, and what happens when the server is away or refuses.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMlflow, type Mlflow } from '../../infra/mlflow/mlflow.ts'
import { startFakeMlflow, type FakeMlflow } from '../../tests/support/fake-mlflow.ts'
import { openSession, syncRun, type RunToSync, type SyncOutcome } from './sync-runs.ts'
import type { TrackedRun } from './tracked-run.ts'

let dir: string
let fake: FakeMlflow
let mlflow: Mlflow
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-sync-'))
  fake = await startFakeMlflow()
  mlflow = createMlflow({ url: fake.url, requestMsMax: 5_000 })
})
afterEach(async () => {
  await fake.close()
  await rm(dir, { recursive: true, force: true })
})

/** Syncs a run that is over, as a new process does. */
async function sync(
  server: Mlflow,
  run: TrackedRun,
  more: Partial<RunToSync> = {},
): Promise<SyncOutcome> {
  const session = await openSession(server, run)
  const whole = { progress: undefined, isRunning: false, artifacts: [], ...more }
  return syncRun(server, session, { ...whole, run })
}

const trial = (step: string, accuracy: number): TrackedRun['steps']['rows'][number] => {
  return { step, state: 'complete', seconds: 2, parameters: { c: 3 }, metrics: { accuracy } }
}

const tune = (): TrackedRun => ({
  run: 'r-1',
  dir,
  state: 'finished',
  kind: 'tune',
  name: 'mail',
  method: 'head',
  started: '2026-01-31T12:00:00.000Z',
  seconds: 6,
  parameters: { seed: 1, base: undefined },
  data: { train: { source: 'a.jsonl', examples: 9, labels: 2, sha256: 'ab' } },
  task: 'single-label',
  metrics: { accuracy: { value: 0.9, interval: { low: 0.8, high: 0.95 } } },
  mainMetric: 'accuracy',
  measuredOn: 'held-out texts',
  steps: { of: 'trial', best: '1', rows: [trial('0', 0.8), trial('1', 0.9)] },
  foldsSha256: null,
  model: 'mail@1',
  trainingRun: 'r-2',
  environment: { node: '22.0.0' },
  tune: null,
  versions: [],
})

it('sends a run with a nested run for each trial', async () => {
  expect(await sync(mlflow, tune())).toMatchObject({ kind: 'sent', children: 2 })
  expect([...fake.experiments.keys()]).toEqual(['mail'])
  const [parent, ...children] = fake.runs
  const at = Date.parse('2026-01-31T12:00:06Z')
  expect(parent).toMatchObject({ name: 'r-1', status: 'FINISHED' })
  expect(Object.fromEntries(parent!.params)).toEqual({ method: 'head', seed: '1' })
  expect([...parent!.metrics]).toEqual([
    `trial/accuracy 0 ${at - 6_000} 0.8`,
    `best/accuracy 0 ${at - 6_000} 0.8`,
    `trial/accuracy 1 ${at - 5_999} 0.9`,
    `best/accuracy 1 ${at - 5_999} 0.9`,
    `accuracy 0 ${at} 0.9`,
    `accuracy.low 0 ${at} 0.8`,
    `accuracy.high 0 ${at} 0.95`,
  ])
  expect(parent!.datasets).toEqual(['a.jsonl'])
  expect(Object.fromEntries(parent!.tags)).toMatchObject({
    'winnow.run': 'r-1',
    'winnow.kind': 'tune',
    'winnow.data.train.sha256': 'ab',
    'winnow.env.node': '22.0.0',
    'winnow.folder': dir,
  })
  expect(children.map(({ name, tags }) => [name, tags.get('mlflow.parentRunId')])).toEqual([
    ['trial 0', parent!.runId],
    ['trial 1', parent!.runId],
  ])
  expect(children[1]!.tags.get('winnow.best')).toBe('true')
})

it('gives the epochs of a training as steps, without nested runs', async () => {
  const epochs = { of: 'epoch', best: '2', rows: [trial('1', 0.8), trial('2', 0.9)] } as const
  await sync(mlflow, { ...tune(), kind: 'train', steps: epochs })
  expect(fake.runs).toHaveLength(1)
  const curve = [...fake.runs[0]!.metrics].filter((metric) => metric.startsWith('epoch/'))
  expect(curve.map((metric) => metric.split(' ')[1])).toEqual(['1', '2'])
})

it('sends nothing again, and only what changed to the same run', async () => {
  await sync(mlflow, tune())
  const requests = fake.requests.length
  expect(await sync(mlflow, tune())).toMatchObject({ kind: 'unchanged' })
  expect(fake.requests).toHaveLength(requests)
  const before = structuredClone(fake.runs)
  expect(await sync(mlflow, { ...tune(), versions: ['mail@1'] })).toMatchObject({ kind: 'sent' })
  expect(fake.runs).toHaveLength(3)
  expect(fake.runs[0]!.tags.get('winnow.versions')).toBe('mail@1')
  expect(fake.runs.map(({ metrics }) => metrics)).toEqual(before.map(({ metrics }) => metrics))
})

it('sends every trial once while trials end in another order, and none while it runs', async () => {
  const going = (rows: TrackedRun['steps']['rows']): TrackedRun => ({
    ...tune(),
    state: 'unfinished',
    steps: { of: 'trial', best: null, rows },
  })
  const running = { ...trial('1', 0.9), state: 'running', metrics: {} } as const
  const session = await openSession(mlflow, tune())
  const course = { progress: undefined, isRunning: true, artifacts: [] }
  await syncRun(mlflow, session, { ...course, run: going([trial('0', 0.8), running]) })
  const later = [trial('0', 0.8), running, trial('2', 0.7)]
  await syncRun(mlflow, session, { ...course, run: going(later) })
  expect(fake.runs.map(({ status }) => status)).toEqual([
    ...['RUNNING', 'FINISHED', 'RUNNING', 'FINISHED'],
  ])
  const all = [trial('0', 0.8), trial('1', 0.9), trial('2', 0.7)]
  await syncRun(mlflow, session, { ...course, run: going(all) })
  const sent = fake.runs[0]!.metricsSent.filter((metric) => metric.startsWith('trial/accuracy'))
  expect(sent.map((metric) => metric.split(' ')[1])).toEqual(['0', '2', '1'])
  expect(fake.runs).toHaveLength(4)
})

it('continues after a stop at any request without a second copy', async () => {
  await sync(mlflow, tune())
  const whole = structuredClone(fake.runs)
  const count = fake.requests.length
  for (let stop = 0; stop < count; stop++) {
    await rm(join(dir, 'mlflow.json'), { force: true })
    fake.runs.length = 0
    fake.requests.length = 0
    fake.failures.length = 0
    // The first calls pass, then each fails.
    let left = stop
    const passing = new Proxy(mlflow, {
      get: (target, name, receiver) => {
        const call = Reflect.get(target, name, receiver) as unknown
        if (typeof call !== 'function' || left-- > 0) return call
        return () => Promise.reject(new Error('stopped'))
      },
    })
    await sync(passing, tune()).catch(() => undefined)
    await sync(mlflow, tune())
    expect(fake.runs.map(({ name, params, metrics }) => [name, params, metrics])).toEqual(
      whole.map(({ name, params, metrics }) => [name, params, metrics]),
    )
  }
})

it('tries again while the server is busy', async () => {
  fake.failures.push(503, 429, 500)
  expect(await sync(mlflow, tune())).toMatchObject({ kind: 'sent' })
})

it('gives up after four tries, and at once on a refusal', async () => {
  fake.failures.push(503, 503, 503, 503)
  await expect(sync(mlflow, tune())).rejects.toMatchObject({ code: 'tracking_unavailable' })
  expect(fake.requests).toHaveLength(4)
  fake.failures.push(401)
  await expect(sync(mlflow, tune())).rejects.toMatchObject({
    code: 'tracking_refused',
    message: expect.stringContaining('status 401') as string,
  })
  expect(fake.requests).toHaveLength(5)
})

it('sends more entries than one batch may have', async () => {
  const many = Array.from({ length: 1_500 }, (_, at) => trial(String(at), at / 1_500))
  const steps = { of: 'epoch', best: null, rows: many } as const
  await sync(mlflow, { ...tune(), kind: 'train', steps })
  expect(fake.runs[0]!.metrics.size).toBe(1_503)
})
