// Workers in processes of their own, on a real broker: one is killed in a trial, bytes of strangers
// lie in the topics, and the study is the one that a single process makes. `npm run test:workers`
// runs the longer form: more trials, more kills, fine-tuning with pruning, the tune itself killed.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { openProducer } from '../../infra/kafka/kafka.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { winnow, type Environment } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { until } from '../support/until.ts'
import { sampleText } from '../support/workspace.ts'

/** The longer form. */
const isLong = process.env['WORKERS_TEST'] === 'long'

let dir: string
let backends: Backends
let env: Environment
let data: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-train-worker-'))
  const store = join(dir, 'store')
  backends = await openBackends(inject('stack'), {
    WINNOW_MODEL_STORE: store,
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_INFERENCE_WORKERS: '1',
    WINNOW_TRIALS_HEARTBEAT_MS: '300',
    WINNOW_TRIALS_MISSED_MAX: '15',
  })
  env = backends.env
  await smallBase(store)
  data = join(dir, 'train.jsonl')
  const lines = Array.from({ length: 90 }, (_, number) => JSON.stringify(sampleText(number)))
  await writeFile(data, lines.join('\n'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})
afterAll(async () => {
  await backends.close()
  await rm(dir, { recursive: true, force: true })
})

type Tuned = {
  run: string
  model: string
  best: { trial: number }
  trials: { seconds: number; state: string }[]
}

/** What must be the same wherever trials run. */
const historyOf = ({ best, trials }: Tuned) => ({
  best,
  trials: trials.map((trial) => ({ ...trial, seconds: 0 })),
})

const spaces = {
  head: 'c: {type: float, low: 0.01, high: 10, scale: log}\n',
  partial:
    'lr: {type: float, low: 1e-5, high: 1e-2, scale: log}\nepochs: {type: int, low: 2, high: 9}\n',
}

async function argumentsFor(name: string, method: 'head' | 'partial', trials: number) {
  const space = join(dir, `${method}.yaml`)
  await writeFile(space, spaces[method])
  return [
    ...['tune', '--data', data, '--name', name, '--base', 'small', '--method', method],
    ...['--space', space, '--trials', `${trials}`, '--sampler', 'random', '--seed', '7'],
    ...['--metric', 'log_loss', '--json'],
  ]
}

async function tuned(args: readonly string[]): Promise<Tuned> {
  const done = await winnow(args, { env })
  expect(done, done.stderr).toMatchObject({ status: 0 })
  return JSON.parse(done.stdout) as Tuned
}

/** A worker in a process of its own; `log` is what it has said. */
function startWorker(...options: string[]) {
  const child = spawn(process.execPath, ['cli.ts', 'train-worker', ...options], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  }
  const ended = once(child, 'close') as Promise<[number | null]>
  return {
    log: () => log,
    kill: () => child.kill('SIGKILL'),
    async stop() {
      child.kill('SIGTERM')
      const [status] = await ended
      return status
    },
  }
}

/** Bytes that no program of Winnow writes, in both topics. */
async function writeJunk(): Promise<void> {
  const { topics } = backends.config
  const producer = await openProducer(backends.kafka)
  const values = [
    null,
    Buffer.from([0, 255, 1]),
    '{"kind":"claimed"',
    '{"kind":"ended","task":-1}',
    '[]',
  ]
  for (const topic of ['trials', 'trial-progress']) {
    const records = values.map((value) => ({ key: null, value, partition: 0 }))
    await producer.send(`${topics.prefix}${topic}`, records)
  }
  await producer.close()
}

it('gives the local study, although one of three workers is killed in a trial', async () => {
  const trials = isLong ? 24 : 5
  const method = isLong ? 'partial' : 'head'
  const local = await tuned(await argumentsFor('local', method, trials))
  const workers = [startWorker(), startWorker(), startWorker()]
  const study = tuned([...(await argumentsFor('remote', method, trials)), '--executor', 'kafka'])
  const victim = await until('a trial begins', () =>
    workers.find(({ log }) => log().includes(' begins (attempt 1)')),
  )
  victim.kill()
  await writeJunk()
  if (isLong) {
    const second = workers.find((one) => one !== victim)!
    const begun = second.log().split(' begins ').length
    await until('another trial begins', () => second.log().split(' begins ').length > begun)
    second.kill()
    workers.push(startWorker())
  }
  const remote = await study
  expect(historyOf(remote)).toEqual(historyOf(local))
  expect(remote.model).toBe('remote@1')
  const alive = workers.at(-1)!
  expect(alive.log()).toContain('was skipped')
  expect(await alive.stop()).toBe(0)
})

it.runIf(isLong)('goes on after the tune itself was killed', async () => {
  const local = await tuned(await argumentsFor('local-2', 'head', 20))
  startWorker()
  startWorker()
  const args = [...(await argumentsFor('killed', 'head', 20)), '--executor', 'kafka']
  const child = spawn(process.execPath, ['cli.ts', ...args], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  children.add(child)
  const runs = join(dir, 'store', 'runs')
  const ended = (run: string): number => {
    const journal = join(runs, run, 'trials.jsonl')
    return existsSync(journal)
      ? readFileSync(journal, 'utf8').split('"kind":"ended"').length - 1
      : 0
  }
  const run = await until('trials end', () =>
    readdirSync(runs).find((name) => name.includes('-killed-') && ended(name) >= 4),
  )
  child.kill('SIGKILL')
  expect(historyOf(await tuned(['tune', '--resume', run, '--json']))).toEqual(historyOf(local))
})
