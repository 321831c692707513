// Live tracking against a fake MLflow that works, is slow, is away, dies, or answers something
// else: what arrives, that the end of a training does not wait longer than is configured, and that
// a later sync sends the rest and nothing twice.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { createMlflow } from '../infra/mlflow/mlflow.ts'
import { WinnowError } from '../schemas/errors.ts'
import { startFakeMlflow, type FakeMlflow } from '../tests/support/fake-mlflow.ts'
import { until } from '../tests/support/until.ts'
import { evaluatePredictions } from '../trainers/evaluation/evaluation.ts'
import { readOneRun } from '../trainers/tracking/run-store.ts'
import { syncStoredRun } from '../trainers/tracking/sync-stored-run.ts'
import type { Context } from './context.ts'
import { trackRun, type RunTracker } from './track-run.ts'

let store: string
let fake: FakeMlflow
let notes: string[]
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'winnow-track-'))
  fake = await startFakeMlflow()
  notes = []
})
afterEach(async () => {
  await fake.close()
  await rm(store, { recursive: true, force: true })
})

const run = '20260131T120000-mail-aaaaaa'
const started = '2026-01-31T12:00:00.000Z'
const manifest = { source: 'a.jsonl', examples: 9, labels: { ham: 6, spam: 3 }, sha256: 'ab' }
const dataManifest = { train: manifest } as never
const parameters = { base: 'tiny', seed: 1 }
const begun = { run, name: 'mail', method: 'full', started, parameters, dataManifest } as const
/** The bound on the end of a training, and what a busy machine may add to it. */
const endMsMax = 400
const slackMs = 1_600
/** For servers that work. */
const patientMs = 20_000

function contextOf(url: string | undefined, waitMs = endMsMax): Context {
  const tracking = { mlflow: { url, endMsMax: waitMs, requestMsMax: 30_000 } }
  return {
    config: configSchema.parse({ tracking }),
    paths: { store, cache: store, state: store },
    note: (line) => notes.push(line),
  }
}

/** A training of two epochs, which leaves its record. */
async function train(tracker: RunTracker): Promise<void> {
  const scores = { trainLoss: 0.5, macroF1: 0.7, accuracy: 0.8, logLoss: 0.4 }
  tracker.begin(begun)
  const step = { kind: 'step', steps: 4, epoch: 1, tokensPerSecond: 100, secondsLeft: 1 } as const
  for (const number of [1, 2, 3, 4]) {
    tracker.training({ ...step, step: number, loss: 1 / number })
    if (number % 2 === 0) tracker.training({ kind: 'epoch', epoch: number / 2, ...scores })
  }
  const dir = join(store, 'runs', run)
  await mkdir(dir, { recursive: true })
  const record = {
    formatVersion: 1,
    ...begun,
    model: 'mail@1',
    base: 'tiny',
    seconds: 2,
    evaluation: evaluatePredictions(
      { truth: Int32Array.of(0, 1), probabilities: Float32Array.of(1, 0, 1, 0) },
      { labels: ['ham', 'spam'], seed: 1, resamples: 10 },
    ),
    measuredOn: 'validation',
    details: { epochs: [1, 2].map((epoch) => ({ epoch, ...scores })), bestEpoch: 2 },
  }
  await writeFile(join(dir, 'run.json'), JSON.stringify(record))
}

/** How long the end of a training takes that a server tracks. */
async function secondsOfEnd(url: string, waitMs = endMsMax): Promise<number> {
  let ended = 0
  await trackRun(contextOf(url, waitMs), { kind: 'train' }, async (tracker) => {
    await train(tracker)
    ended = performance.now()
  })
  return (performance.now() - ended) / 1_000
}

const said = (): string => notes.join('\n')

async function sync(): Promise<unknown> {
  const { config } = contextOf(fake.url)
  const mlflow = createMlflow({ url: fake.url, requestMsMax: 5_000 })
  const tracked = await readOneRun(store, run)
  return syncStoredRun(mlflow, { run: tracked, storeDir: store, config: config.tracking.mlflow })
}

/** Everything is on the server, and each value was sent once. */
function expectWhole(): void {
  expect(fake.runs).toHaveLength(1)
  const [sent] = fake.runs
  expect(sent).toMatchObject({ name: run, status: 'FINISHED' })
  expect(Object.fromEntries(sent!.params)).toEqual({ method: 'full', base: 'tiny', seed: '1' })
  expect(new Set(sent!.metricsSent).size).toBe(sent!.metricsSent.length)
  const keys = sent!.metricsSent.map((metric) => metric.split(' ').slice(0, 2).join(' '))
  expect(keys.filter((key) => key.startsWith('step/loss'))).toEqual(
    [1, 2, 3, 4].map((step) => `step/loss ${step}`),
  )
  expect(keys.filter((key) => key.startsWith('epoch/macroF1'))).toEqual([
    'epoch/macroF1 1',
    'epoch/macroF1 2',
  ])
  expect(keys).toContain('accuracy 0')
  const paths = [...fake.artifacts.keys()].map((path) => path.replace('1/run-0/artifacts/', ''))
  expect(paths).toEqual(
    expect.arrayContaining([
      'run.json',
      'progress.jsonl',
      'data-manifest.json',
      'plots/confusion.svg',
    ]),
  )
}

describe('a server that works', () => {
  it('has the run while it goes on, and all of it at the end', async () => {
    await trackRun(contextOf(fake.url, patientMs), { kind: 'train' }, async (tracker) => {
      tracker.begin(begun)
      await until('parameters', () => fake.runs[0]?.params.get('base') === 'tiny', 10_000)
      expect(fake.runs[0]).toMatchObject({ status: 'RUNNING' })
      expect(fake.runs[0]!.tags.get('winnow.data.train.sha256')).toBe('ab')
      expect(fake.runs[0]!.tags.get('winnow.env.node')).toBe(process.versions.node)
      await train(tracker)
    })
    expectWhole()
    expect(await sync()).toMatchObject({ kind: 'unchanged' })
    expect(said()).toContain(`MLflow: ${fake.url}/#/experiments/1/runs/run-0`)
  })

  it('has a failed run with the reason for its end, whose folder goes', async () => {
    const work = trackRun(contextOf(fake.url, patientMs), { kind: 'train' }, (tracker) => {
      tracker.begin(begun)
      return Promise.reject(new WinnowError('training_diverged', 'the loss is infinite'))
    })
    await expect(work).rejects.toMatchObject({ code: 'training_diverged' })
    expect(fake.runs[0]).toMatchObject({ status: 'FAILED' })
    expect(fake.runs[0]!.tags.get('winnow.error')).toBe('the loss is infinite')
    expect(await readdir(join(store, 'runs'))).toEqual([])
  })

  it('has a stopped run that can be resumed, and its end later', async () => {
    const dir = join(store, 'runs', run)
    const stopped = trackRun(contextOf(fake.url, patientMs), { kind: 'train' }, async (tracker) => {
      tracker.begin(begun)
      const start = { formatVersion: 1, run, name: 'mail', started, request: {} }
      await writeFile(join(dir, 'start.json'), JSON.stringify(start))
      const step = { step: 1, steps: 4, epoch: 1, loss: 1, tokensPerSecond: 1, secondsLeft: 1 }
      tracker.training({ kind: 'step', ...step })
      throw new WinnowError('cancelled', 'Cancelled.')
    })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
    expect(fake.runs[0]).toMatchObject({ status: 'KILLED' })
    await secondsOfEnd(fake.url, patientMs)
    expectWhole()
  })
})

describe('a server that does not', () => {
  const cases: Readonly<Record<string, (fake: FakeMlflow) => FakeMlflow['misbehave']>> = {
    'answers after 30 s': () => () => 'answered',
    'answers with garbage': () => (_, response) => {
      response.end('\u0000{"run": ')
      return 'answered'
    },
    'answers with an endless body': () => (_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1_000_000)), 1)
      response.on('close', () => clearInterval(timer))
      return 'answered'
    },
    'dies in the middle': () => {
      let left = 3
      return (_, response) => {
        if (left-- > 0) return undefined
        response.destroy()
        return 'answered'
      }
    },
    'refuses everything': () => (_, response) => {
      response.writeHead(403).end('{"message": "not you"}')
      return 'answered'
    },
    'is overloaded': () => (_, response) => {
      response.writeHead(503).end()
      return 'answered'
    },
  }

  it.each(Object.keys(cases))('%s, does not hold up the training', async (name) => {
    fake.misbehave = cases[name]!(fake)
    expect(await secondsOfEnd(fake.url)).toBeLessThan((endMsMax + slackMs) / 1_000)
    expect(said()).toMatch(/MLflow does not have all of \S+ yet \(.*\); `winnow runs sync` sends/)
    // No storm of tries either.
    expect(fake.requests.length).toBeLessThan(12)
    fake.misbehave = () => undefined
    expect(await sync()).toMatchObject({ kind: 'sent' })
    expectWhole()
    expect(await sync()).toMatchObject({ kind: 'unchanged' })
  })

  it('listens at all, does not hold up the training', async () => {
    const away = await startFakeMlflow()
    await away.close()
    expect(await secondsOfEnd(away.url)).toBeLessThan((endMsMax + slackMs) / 1_000)
    expect(said()).toContain('nothing listens there')
    expect(await sync()).toMatchObject({ kind: 'sent' })
    expectWhole()
  })

  it('stays itself but redirects, gets nothing at the other address', async () => {
    const seen: string[] = []
    const other = createServer((request, response) => {
      seen.push(request.url!)
      response.end('{}')
    })
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    fake.misbehave = (path, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${port}/${path}` }).end()
      return 'answered'
    }
    await secondsOfEnd(fake.url)
    other.close()
    expect(said()).toContain(`it redirects to 127.0.0.1:${port}, which is not followed`)
    expect(seen).toEqual([])
  })
})

it('writes the course of a run down without a server, and not for a run that failed early', async () => {
  await trackRun(contextOf(undefined), { kind: 'train' }, train)
  const text = await readFile(join(store, 'runs', run, 'progress.jsonl'), 'utf8')
  const lines = text.trim().split('\n')
  expect(lines).toHaveLength(7)
  expect(JSON.parse(lines[0]!)).toMatchObject({ event: 'start', kind: 'train', parameters })
  await rm(join(store, 'runs'), { recursive: true })
  const work = trackRun(contextOf(undefined), { kind: 'train' }, (tracker) => {
    tracker.begin(begun)
    return Promise.reject(new Error('no'))
  })
  await expect(work).rejects.toThrow('no')
  expect(await readdir(store)).toEqual([])
  expect(fake.requests).toEqual([])
})

it('leaves out artifacts that the server does not take itself, and says so', async () => {
  fake.artifactRoot = 's3://bucket/mlflow'
  await secondsOfEnd(fake.url, patientMs)
  expect(fake.artifacts.size).toBe(0)
  expect(said()).toContain('the server keeps them at s3://bucket/mlflow/run-0/artifacts')
  expect(await sync()).toMatchObject({ kind: 'unchanged' })
})
