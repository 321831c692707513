// Coordinators and workers on topics in memory: a study gives the same trials with any number of
// workers, even if one is killed or others write to the topics.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createMemoryTasks, type MemoryTasks } from '../../tests/support/memory-tasks.ts'
import { until } from '../../tests/support/until.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { TaskWork } from '../../schemas/tasks/task-records.ts'
import { createJournal, reopenJournal, type StudyStart } from '../tuning/journal.ts'
import { runStudy, type TrialEvaluator } from '../tuning/run-study.ts'
import type { Trial } from '../tuning/study.ts'
import { remoteTrials } from './remote-trials.ts'
import { openTaskCoordinator } from './task-coordinator.ts'
import { runTaskWorker, type PreparedTask, type TaskWorkerOptions } from './task-worker.ts'

/** Journals are flushed after each event, for which a busy disk takes long. */
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
let dir: string
let files = 0
beforeAll(async () => void (dir = await mkdtemp(join(folder, 'winnow-workers-'))))
afterAll(() => rm(dir, { recursive: true, force: true }))
const newPath = (): string => join(dir, `${files++}`, 'trials.jsonl')

const processes: { end: () => Promise<unknown> }[] = []
afterEach(async () => {
  for (const { end } of processes.splice(0)) await end()
})

const start: StudyStart = {
  formatVersion: 1,
  run: 'r',
  name: 'm',
  started: '2026-01-31T12:00:00Z',
  method: 'full',
  metric: 'macro_f1',
  sampler: 'random',
  seed: 5,
  space: [
    { name: 'lr', domain: { kind: 'float', low: 0, high: 1, scale: 'linear' }, when: [] },
    { name: 'epochs', domain: { kind: 'int', low: 2, high: 9, scale: 'linear' }, when: [] },
  ],
  reductionFactor: 3,
  identity: {},
  request: {},
}
const sha256 = 'a'.repeat(64)
const work = {
  data: { sha256, bytes: 1 },
  base: { name: 'b', modelSha256: sha256, tokenizerSha256: sha256 },
  method: start.method as 'full',
  seed: start.seed,
  space: start.space,
  maxTokens: 8,
  threads: 1,
  isTimed: false,
}
const trialsMax = 7

/** A trial that improves from epoch to epoch, up to a value that its parameters decide. */
async function trained(
  asked: Extract<TaskWork, { kind: 'trial' }>['parameters'],
  onEpoch: Parameters<PreparedTask['run']>[0]['onEpoch'],
  pause: () => Promise<void> = () => Promise.resolve(),
): ReturnType<TrialEvaluator['evaluate']> {
  const parameters = asked === 'default' ? { lr: 0.5, epochs: 4 } : asked
  const { lr, epochs } = parameters as { lr: number; epochs: number }
  if (lr > 0.9) throw new WinnowError('training_diverged', `diverged at ${lr}`)
  let scores = { accuracy: 0, macro_f1: 0, log_loss: 0 }
  for (let epoch = 1; epoch <= epochs; epoch++) {
    await pause()
    scores = { accuracy: lr, macro_f1: (1 - Math.abs(lr - 0.3)) * (1 - 2 ** -epoch), log_loss: 1 }
    if (onEpoch({ scores, isLast: epoch === epochs }) === 'stop') break
  }
  return { scores, parameters }
}

const withoutTime = (trials: readonly Trial[]) => trials.map((trial) => ({ ...trial, seconds: 0 }))

let local: Promise<unknown> | undefined
/** The trials of one process, made once. */
const localTrials = (): Promise<unknown> => (local ??= runLocally())

async function runLocally(): Promise<unknown> {
  const journal = await createJournal(newPath(), start)
  const evaluator: TrialEvaluator = {
    defaults: {},
    evaluate: (asked, { onEpoch }) => trained(asked, onEpoch),
  }
  await runStudy({ journal, evaluator, trialsMax })
  await journal.close()
  return withoutTime(journal.trials())
}

const pace = { heartbeatMs: 10, missedMax: 12 }

/** Starts a worker whose epochs take some milliseconds; `kill` ends it without a word. */
function startWorker(
  tasks: MemoryTasks,
  { epochMs = 3, ...options }: Partial<TaskWorkerOptions> & { epochMs?: number } = {},
) {
  const log = tasks.process()
  const stop = new AbortController()
  const began: number[] = []
  const running = new Set<string>()
  const worker = `w${files++}`
  const prepare = (task: TaskWork): Promise<PreparedTask> =>
    Promise.resolve({
      async run({ onEpoch, signal }) {
        began.push(1)
        const { scores, parameters } = await trained(task.parameters, onEpoch, async () => {
          await new Promise((resolve) => setTimeout(resolve, epochMs))
          if (signal.aborted) throw new WinnowError('cancelled', 'stopped')
        })
        return { kind: 'trial', scores, parameters }
      },
    })
  const note = (line: string): void => {
    const name = line.split(' of ')[0]!
    if (line.includes(' begins ')) running.add(name)
    else running.delete(name)
  }
  const given = { ...pace, log, worker, prepare, drainMsMax: 0, note, ...options }
  const ended = runTaskWorker(given, stop.signal)
  ended.catch(() => undefined)
  const end = (): Promise<unknown> => {
    stop.abort()
    return Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))])
  }
  processes.push({ end })
  return { worker, began, running, ended, end, stop: () => stop.abort(), kill: () => log.kill() }
}

async function startStudy(tasks: MemoryTasks, path: string, isNew: boolean, fromOffset: number) {
  const journal = isNew ? await createJournal(path, start) : await reopenJournal(path)
  const notes: string[] = []
  const log = tasks.process()
  const coordinator = await openTaskCoordinator({
    ...pace,
    log,
    run: 'r',
    fromOffset,
    note: (line) => notes.push(line),
  })
  const stop = new AbortController()
  const evaluator = remoteTrials(coordinator, work)
  const done = runStudy({ journal, evaluator, trialsMax, signal: stop.signal }).finally(() =>
    coordinator.close(),
  )
  done.catch(() => undefined)
  return { journal, notes, done, stop: () => stop.abort(), kill: () => log.kill() }
}

test('gives the trials of one process, with one worker or with four', async () => {
  const expected = await localTrials()
  for (const workers of [1, 4]) {
    const tasks = createMemoryTasks()
    const study = await startStudy(tasks, newPath(), true, 0)
    for (let at = 0; at < workers; at++) startWorker(tasks)
    await study.done
    await study.journal.close()
    expect(withoutTime(study.journal.trials())).toEqual(expected)
  }
})

test('takes over the trial of a worker that was killed', async () => {
  const expected = await localTrials()
  const tasks = createMemoryTasks()
  const study = await startStudy(tasks, newPath(), true, 0)
  const victim = startWorker(tasks, { epochMs: 500 })
  await until('a trial begins', () => victim.began.length > 0)
  victim.kill()
  const others = [startWorker(tasks), startWorker(tasks)]
  await study.done
  await study.journal.close()
  expect(withoutTime(study.journal.trials())).toEqual(expected)
  const ended = tasks.progress.filter(({ kind }) => kind === 'ended')
  expect(new Set(ended.map((one) => ('worker' in one ? one.worker : '')))).toEqual(
    new Set(others.map(({ worker }) => worker)),
  )
  const numbers = ended.map((one) => ('task' in one ? one.task : -1))
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(study.notes.join('\n')).toContain('fell silent')
})

test('goes on with what runs, and with what ended, when the coordinator was killed', async () => {
  const expected = await localTrials()
  const tasks = createMemoryTasks()
  const path = newPath()
  const study = await startStudy(tasks, path, true, 0)
  const workers = [startWorker(tasks), startWorker(tasks)]
  await until('trials end', () => tasks.progress.filter(({ kind }) => kind === 'ended').length > 2)
  study.kill()
  await study.journal.close()
  // Workers end what they have.
  await until('nothing runs', () => workers.every(({ running }) => running.size === 0))
  const before = workers.reduce((sum, { began }) => sum + began.length, 0)
  const resumed = await startStudy(tasks, path, false, 0)
  await resumed.done
  await resumed.journal.close()
  expect(withoutTime(resumed.journal.trials())).toEqual(expected)
  const after = workers.reduce((sum, { began }) => sum + began.length, 0)
  expect(after).toBeLessThanOrEqual(trialsMax + 1)
  expect(before).toBeGreaterThan(2)
  study.stop()
})

test('gives its trial back when it is stopped', async () => {
  const tasks = createMemoryTasks()
  const study = await startStudy(tasks, newPath(), true, 0)
  const first = startWorker(tasks, { epochMs: 500 })
  await until('a trial begins', () => first.began.length > 0)
  first.stop()
  await first.ended
  expect(tasks.progress.findLast(({ kind }) => kind !== 'tick')).toMatchObject({
    kind: 'released',
    reason: 'stopping',
  })
  startWorker(tasks)
  await study.done
  await study.journal.close()
  expect(withoutTime(study.journal.trials())).toEqual(await localTrials())
  expect(study.notes).toEqual([])
})

test('reads over records that others wrote', async () => {
  const tasks = createMemoryTasks()
  const study = await startStudy(tasks, newPath(), true, 0)
  const workers = [startWorker(tasks), startWorker(tasks)]
  const wrong = [
    null,
    Buffer.from([0, 1, 2, 0xff]),
    Buffer.from('{"kind":"claimed"'),
    Buffer.from('{"kind":"claimed","run":"r","task":-1,"attempt":1,"worker":"x"}'),
    Buffer.from('{"kind":"ended","run":"r","task":0,"attempt":1,"worker":"x","seconds":1}'),
    Buffer.from('[]'),
    Buffer.from('"tick"'),
    Buffer.from(JSON.stringify({ kind: 'tick', run: 'x'.repeat(10_000) })),
    Buffer.alloc(2_000_000, 0x20),
    // Well formed, of nobody.
    Buffer.from('{"kind":"alive","run":"r","task":1,"attempt":9,"worker":"x"}'),
    Buffer.from('{"kind":"revoked","run":"other","task":0,"attempt":1,"reason":"silent"}'),
  ]
  for (const value of wrong.slice(0, -2)) {
    tasks.write('progress', value)
    tasks.write('offers', value)
  }
  tasks.write('progress', wrong.at(-1)!)
  await study.done
  await study.journal.close()
  expect(withoutTime(study.journal.trials())).toEqual(await localTrials())
  expect(study.notes.filter((line) => line.startsWith('skipped: '))).toHaveLength(18)
  for (const { began } of workers) expect(began.length).toBeGreaterThan(0)
})

test('refuses what this machine lacks, and says so to the coordinator', async () => {
  const tasks = createMemoryTasks()
  const study = await startStudy(tasks, newPath(), true, 0)
  const lacking = startWorker(tasks, {
    prepare: () => Promise.reject(new WinnowError('hash_mismatch', 'another encoder')),
  })
  await until('it refuses', () => study.notes.some((line) => line.includes('another encoder')))
  expect(study.notes).toEqual([
    `${lacking.worker} refuses the tasks: another encoder [hash_mismatch]`,
  ])
  startWorker(tasks)
  await study.done
  await study.journal.close()
})

test('ends the study when several workers in a row cannot do a trial', async () => {
  const tasks = createMemoryTasks()
  const study = await startStudy(tasks, newPath(), true, 0)
  for (let at = 0; at < 5; at++) {
    startWorker(tasks, {
      prepare: () =>
        Promise.resolve({
          run: () => Promise.reject(new WinnowError('session_failed', 'no disk')),
        }),
    })
  }
  await expect(study.done).rejects.toMatchObject({ code: 'worker_crashed', details: { lost: 5 } })
  await study.journal.close()
})

test('ends by itself after its last trial, and after idle time', async () => {
  const tasks = createMemoryTasks()
  const idle = startWorker(tasks, { idleMsMax: 30 })
  expect(await idle.ended).toEqual({ tasks: 0 })
  const study = await startStudy(tasks, newPath(), true, 0)
  const once = startWorker(tasks, { tasksMax: 2 })
  expect(await once.ended).toEqual({ tasks: 2 })
  study.stop()
  await expect(study.done).rejects.toMatchObject({ code: 'cancelled' })
  await study.journal.close()
})
