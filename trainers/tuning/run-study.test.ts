// Studies on a function instead of training: their budget, what fails, what is pruned, and that a
// journal cut off at any byte continues with the same trials and trains the winner once.
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { branches } from '../../tests/support/objective-functions.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  createJournal,
  readJournal,
  reopenJournal,
  type StudyJournal,
  type StudyStart,
} from './journal.ts'
import { bracketOf } from './hyperband.ts'
import { runStudy, type TrialEvaluator } from './run-study.ts'
import type { TrialParameters } from './space/space.ts'
import { frontOf } from './study.ts'
import { trainWinner } from './train-winner.ts'

let dir: string
let files = 0
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'winnow-study-'))))
afterAll(() => rm(dir, { recursive: true, force: true }))

const start: StudyStart = {
  formatVersion: 1,
  run: 'r',
  name: 'm',
  started: '2026-01-31T12:00:00Z',
  method: 'head',
  metric: 'log_loss',
  sampler: 'tpe',
  seed: 5,
  space: branches.space,
  identity: {},
  request: {},
}
const defaults: TrialParameters = { branch: 'off', flag: true }

const evaluator: TrialEvaluator = {
  defaults,
  evaluate(asked) {
    const parameters = asked === 'default' ? defaults : asked
    const value = branches.evaluate(parameters)
    return Promise.resolve({
      parameters,
      scores: { accuracy: 0, macro_f1: 1 / (1 + value), log_loss: value },
    })
  },
}

const newPath = (): string => join(dir, `${files++}`, 'trials.jsonl')

const tried = (journal: StudyJournal) =>
  journal.trials().map(({ number, state, parameters, value }) => [number, state, parameters, value])

async function finished(path: string, given = start): Promise<unknown[]> {
  const journal = await createJournal(path, given)
  await runStudy({ journal, evaluator, trialsMax: 14 })
  await journal.close()
  return tried(journal)
}

test('begins with the default recipe and ends with a better one', async () => {
  const journal = await createJournal(newPath(), start)
  const best = await runStudy({ journal, evaluator, trialsMax: 14 })
  await journal.close()
  expect(journal.trials()).toHaveLength(14)
  expect(journal.trials()[0]).toMatchObject({ state: 'complete', parameters: defaults, value: 3 })
  expect(best.value).toBeLessThan(3)
})

test('takes the highest value of a metric that should be high', async () => {
  const journal = await createJournal(newPath(), { ...start, metric: 'macro_f1' })
  const best = await runStudy({ journal, evaluator, trialsMax: 14 })
  await journal.close()
  expect(best.value).toBe(Math.max(...journal.trials().map(({ value }) => value!)))
})

test('continues with the same trials wherever the journal was cut off', async () => {
  const path = newPath()
  const expected = await finished(path)
  const bytes = await readFile(path)
  const begins = bytes.indexOf('\n') + 1
  for (let length = begins; length < bytes.length; length += 97) {
    const cut = newPath()
    const made = await createJournal(cut, start)
    await made.close()
    await writeFile(cut, bytes.subarray(0, length))
    const journal = await reopenJournal(cut)
    await runStudy({ journal, evaluator, trialsMax: 14 })
    await journal.close()
    expect(tried(journal)).toEqual(expected)
    const read = await reopenJournal(cut)
    await read.close()
    expect(tried(read)).toEqual(expected)
  }
})

const epochCount = 9
/** Trials that improve evenly from epoch to epoch, up to the value of the function. */
const inEpochs: TrialEvaluator = {
  defaults,
  async evaluate(asked, watch) {
    const { onEpoch } = watch
    const { parameters, scores } = await evaluator.evaluate(asked, watch)
    for (let epoch = 1; epoch <= epochCount; epoch++) {
      const macroF1 = (scores.macro_f1 * epoch) / epochCount
      const reached = { ...scores, macro_f1: macroF1 }
      const answer = onEpoch({ scores: reached, isLast: epoch === epochCount })
      if (answer === 'stop') return { parameters, scores: reached }
    }
    return { parameters, scores }
  },
}

test('stops trials at rungs, never the best, and the same ones after a cut', async () => {
  const path = newPath()
  const given = { ...start, metric: 'macro_f1' as const, reductionFactor: 3 }
  const journal = await createJournal(path, given)
  const study = { evaluator: inEpochs, trialsMax: 14 }
  const best = await runStudy({ ...study, journal })
  await journal.close()
  const trials = journal.trials()
  const pruned = trials.filter(({ state }) => state === 'pruned')
  expect(pruned.length).toBeGreaterThan(3)
  for (const { epochs, value } of pruned) {
    expect([1, 3]).toContain(epochs.length)
    expect(value).toBe(epochs.at(-1))
  }
  expect(best.state).toBe('complete')
  const unpruned = await createJournal(newPath(), { ...given, reductionFactor: undefined })
  await runStudy({ ...study, journal: unpruned, trialsMax: 3 })
  await unpruned.close()
  expect(unpruned.trials().map(({ epochs }) => epochs.length)).toEqual([9, 9, 9])

  const bytes = await readFile(path)
  const begins = bytes.indexOf('\n') + 1
  for (let length = begins; length < bytes.length; length += 211) {
    const cut = newPath()
    await mkdir(dirname(cut))
    await writeFile(cut, bytes.subarray(0, length))
    const resumed = await reopenJournal(cut)
    await runStudy({ ...study, journal: resumed })
    await resumed.close()
    expect(tried(resumed)).toEqual(tried(journal))
  }
})

test('Hyperband prunes within brackets, some of which begin later', async () => {
  const given = { ...start, metric: 'macro_f1' as const, reductionFactor: 3, brackets: 3 }
  const journal = await createJournal(newPath(), given)
  await runStudy({ journal, evaluator: inEpochs, trialsMax: 24 })
  await journal.close()
  const lengthsIn = (bracket: number): number[] =>
    journal
      .trials()
      .filter(({ number }) => bracketOf(number, given) === bracket)
      .map(({ epochs }) => epochs.length)
  expect(new Set(lengthsIn(0))).toEqual(new Set([1, 3, 9]))
  expect(lengthsIn(1).length).toBeGreaterThan(3)
  expect(Math.min(...lengthsIn(1))).toBe(3)
  // Its first rung is the last epoch.
  expect(new Set(lengthsIn(2))).toEqual(new Set([9]))
})

const twoObjectives: StudyStart = {
  ...start,
  metric: 'macro_f1',
  metrics: ['macro_f1', 'ms_per_text'],
}
/** Faster with fewer layers. */
const timed: TrialEvaluator = {
  defaults,
  async evaluate(asked, watch) {
    const { parameters, scores } = await evaluator.evaluate(asked, watch)
    return { parameters, scores: { ...scores, ms_per_text: Number(parameters['layers'] ?? 6) } }
  },
}

test('keeps both values of two objectives, and continues them wherever it was cut off', async () => {
  const path = newPath()
  const journal = await createJournal(path, twoObjectives)
  const best = await runStudy({ journal, evaluator: timed, trialsMax: 14 })
  await journal.close()
  const both = (of: StudyJournal) => [tried(of), of.trials().map(({ values }) => values)]
  for (const { value, values, scores } of journal.trials()) {
    expect(values).toEqual([value, scores!.ms_per_text])
  }
  const front = frontOf(journal.trials(), twoObjectives)
  expect(front[0]!.number).toBe(best.number)
  expect(front.map(({ values }) => values[1])).toEqual(
    front.map(({ values }) => values[1]).toSorted((a, b) => b - a),
  )
  const bytes = await readFile(path)
  for (let length = bytes.indexOf('\n') + 1; length < bytes.length; length += 211) {
    const cut = newPath()
    await mkdir(dirname(cut))
    await writeFile(cut, bytes.subarray(0, length))
    const resumed = await reopenJournal(cut)
    await runStudy({ journal: resumed, evaluator: timed, trialsMax: 14 })
    await resumed.close()
    expect(both(resumed)).toEqual(both(journal))
  }
})

test('fails a trial whose second objective is no number', async () => {
  const journal = await createJournal(newPath(), twoObjectives)
  await expect(runStudy({ journal, evaluator, trialsMax: 1 })).rejects.toThrow(
    'ms_per_text is not a finite number',
  )
  await journal.close()
})

test('is one process at a time', async () => {
  const path = newPath()
  const journal = await createJournal(path, start)
  const second = reopenJournal(path, { lockWaitMsMax: 0 })
  await expect(second).rejects.toMatchObject({ code: 'resume_refused', details: { run: 'r' } })
  await expect(second).rejects.toThrow('Another process is working on the run r.')
  expect((await readJournal(path)).trials()).toEqual([])
  await journal.close()
  const after = await reopenJournal(path, { lockWaitMsMax: 0 })
  await after.close()
})

test('trains the winner in one run, whenever it is cut off', async () => {
  const path = newPath()
  const versions = new Map<string, string>()
  const trained: string[] = []
  /** As training does: a run that has published gets its version. */
  const train = (run: string) => {
    trained.push(run)
    if (!versions.has(run)) versions.set(run, `m@${versions.size + 1}`)
    return Promise.resolve({ model: versions.get(run)! })
  }
  const journal = await createJournal(path, start)
  const killed = trainWinner(journal, { number: 3 }, async (run) => {
    await train(run)
    throw new Error('killed')
  })
  await expect(killed).rejects.toThrow('killed')
  await journal.close()
  const resumed = await reopenJournal(path)
  expect(await trainWinner(resumed, { number: 3 }, train)).toEqual({ model: 'm@1' })
  await resumed.close()
  expect(trained[1]).toBe(trained[0])
  const [trainingRun] = trained
  expect(resumed.winner()).toEqual({ trial: 3, trainingRun, model: 'm@1' })
})

test('publishes another trial in a run of its own', async () => {
  const journal = await createJournal(newPath(), start)
  const runs: string[] = []
  const train = (run: string) => Promise.resolve({ model: `m@${runs.push(run)}` })
  await trainWinner(journal, { number: 3 }, train)
  await trainWinner(journal, { number: 5 }, train)
  await journal.close()
  expect(new Set(runs).size).toBe(2)
  expect(journal.winner()).toEqual({ trial: 5, trainingRun: runs[1], model: 'm@2' })
})

test('reads over a last line without its bytes, and refuses a damaged one before it', async () => {
  const path = newPath()
  const expected = await finished(path)
  await appendFile(path, '\0\0\0\n')
  const journal = await reopenJournal(path)
  await journal.append({ kind: 'winner', trial: 1, trainingRun: 't', model: 'm@1' })
  await journal.close()
  const read = await reopenJournal(path)
  await read.close()
  expect(tried(read)).toEqual(expected)
  expect(read.winner()).toEqual({ trial: 1, trainingRun: 't', model: 'm@1' })
  const lines = (await readFile(path, 'utf8')).split('\n')
  await writeFile(path, lines.with(3, '{"kind":').join('\n'))
  await expect(reopenJournal(path)).rejects.toThrow(/is damaged at line 4/)
  await expect(reopenJournal(newPath())).rejects.toMatchObject({ code: 'resume_refused' })
})

test('goes on after a trial that diverged, and ends with any other error', async () => {
  let calls = 0
  const failing = (code: 'training_diverged' | 'session_failed'): TrialEvaluator => ({
    ...evaluator,
    async evaluate(asked, watch) {
      if (++calls === 3) throw new WinnowError(code, 'no number')
      return evaluator.evaluate(asked, watch)
    },
  })
  const journal = await createJournal(newPath(), start)
  await runStudy({ journal, evaluator: failing('training_diverged'), trialsMax: 5 })
  expect(journal.trials().map(({ state }) => state)).toEqual([
    ...['complete', 'complete', 'failed', 'complete', 'complete'],
  ])
  expect(journal.trials()[2]).toMatchObject({ error: 'no number' })
  await journal.close()
  calls = 0
  const other = await createJournal(newPath(), start)
  const ended = runStudy({ journal: other, evaluator: failing('session_failed'), trialsMax: 5 })
  await expect(ended).rejects.toMatchObject({ code: 'session_failed' })
  await other.close()
})

test('keeps to its time, and leaves at once when it is cancelled', async () => {
  const journal = await createJournal(newPath(), start)
  await runStudy({ journal, evaluator, trialsMax: 5, secondsMax: 0 })
  expect(journal.trials()).toHaveLength(1)
  const cancelled = runStudy({ journal, evaluator, trialsMax: 5, signal: AbortSignal.abort() })
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  await journal.close()
})
