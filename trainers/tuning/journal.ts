// The journal of a study: one JSON line per event, appended and flushed before the study goes on.
// With it, a tune that was killed continues with the same trials. It owns the file and how it is
// read; what trials mean is study.ts.
import { open, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { lockJournal } from './journal-lock.ts'
import type { TrainingMethod } from '../runs/run-record.ts'
import type { SamplerName } from './samplers/choose-sampler.ts'
import type { SearchSpace, TrialParameters } from './space/space.ts'
import type { MetricName, Trial, TrialScores } from './study.ts'

/** What a study was started with: the first line of its journal. */
export type StudyStart = {
  readonly formatVersion: 1
  readonly run: string
  /** Of the model. */
  readonly name: string
  /** RFC 3339, UTC. */
  readonly started: string
  readonly method: TrainingMethod
  readonly metric: MetricName
  /** Both objectives, if there are two; the first is `metric`. */
  readonly metrics?: readonly [MetricName, MetricName] | undefined
  readonly sampler: SamplerName
  readonly seed: number
  readonly space: SearchSpace
  /** Of pruning (asha.ts); absent if no trial is pruned. */
  readonly reductionFactor?: number | undefined
  /** Of Hyperband (hyperband.ts); absent for ASHA, which is one bracket. */
  readonly brackets?: number | undefined
  /** Hashes of what the trials depend on, by the name to show when one differs. */
  readonly identity: Readonly<Record<string, string>>
  /** What the caller needs to ask for the same study again, as JSON. */
  readonly request: Readonly<Record<string, unknown>>
}

/** What came of the winner. */
export type StudyWinner = {
  readonly trial: number
  readonly trainingRun: string
  readonly model: string
}

/** The training of a winner; `trial` is absent in journals that had only one winner. */
export type StudyTraining = { readonly trainingRun: string; readonly trial?: number | undefined }

/** Something that happened in a study. */
export type StudyEvent =
  | { readonly kind: 'begun'; readonly trial: number; readonly parameters: TrialParameters }
  | { readonly kind: 'epoch'; readonly trial: number; readonly value: number }
  | ({
      readonly kind: 'ended'
      readonly trial: number
      readonly seconds: number
      readonly parameters: TrialParameters
    } & (
      | {
          readonly state: 'complete' | 'pruned'
          readonly value: number
          /** Of both objectives, if there are two. */
          readonly values?: readonly [number, number] | undefined
          readonly scores?: TrialScores | undefined
        }
      | { readonly state: 'failed'; readonly error: string }
    ))
  /** The winner is going to be trained, in a run of this name. */
  | ({ readonly kind: 'training' } & StudyTraining)
  | ({ readonly kind: 'winner' } & StudyWinner)

/** What a journal tells of its study. */
export type StudyHistory = {
  readonly start: StudyStart
  /** In their order; one that was cut off by a kill is `running`. */
  readonly trials: () => readonly Trial[]
  /** The last training of a winner that has begun. */
  readonly training: () => StudyTraining | undefined
  /** The trial that was published last. */
  readonly winner: () => StudyWinner | undefined
}

/** The journal of one study, open for appending by this process alone. */
export type StudyJournal = StudyHistory & {
  /** Resolves when the event is on disk. */
  readonly append: (event: StudyEvent) => Promise<void>
  readonly close: () => Promise<void>
}

/** Where the journal of a run is. */
export function journalPath(storeDir: string, run: string): string {
  return join(storeDir, 'runs', run, 'trials.jsonl')
}

/** Begins a journal in a new file, whose folder the lock creates; the caller closes it. */
export async function createJournal(path: string, start: StudyStart): Promise<StudyJournal> {
  return locked({ path, run: start.run }, async () => {
    const file = await open(path, 'ax')
    await appendLine(file, start)
    return { file, history: historyOf(start, []) }
  })
}

/**
 * Reads the journal of a study without a change to it.
 *
 * @throws WinnowError `resume_refused` where there is none, or where a line is damaged.
 */
export async function readJournal(path: string): Promise<StudyHistory> {
  return (await readHistory(path)).history
}

/**
 * Opens the journal of a study that was stopped. A last line that a kill cut off is removed, since
 * nothing was done after it. The caller closes the journal.
 *
 * @throws WinnowError `resume_refused` where there is none, where a line is damaged, and where
 * another process has the journal open.
 */
export async function reopenJournal(
  path: string,
  { lockWaitMsMax }: { readonly lockWaitMsMax?: number | undefined } = {},
): Promise<StudyJournal> {
  const { run } = (await readHistory(path)).history.start
  return locked({ path, run, waitMsMax: lockWaitMsMax }, async () => {
    // Until the lock was taken, another process may have added to the file.
    const { history, end } = await readHistory(path)
    const file = await open(path, 'a')
    await file.truncate(end)
    return { file, history }
  })
}

/** Opens a journal under its lock, which closing it releases. */
async function locked(
  lock: { path: string; run: string; waitMsMax?: number | undefined },
  openFile: () => Promise<{ file: FileHandle; history: AppliedHistory }>,
): Promise<StudyJournal> {
  const unlock = await lockJournal(lock)
  try {
    const { file, history } = await openFile()
    return {
      ...history,
      async append(event) {
        await appendLine(file, event)
        history.apply(event)
      },
      async close() {
        await file.close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

type AppliedHistory = StudyHistory & { readonly apply: (event: StudyEvent) => void }

async function readHistory(path: string): Promise<{ history: AppliedHistory; end: number }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new WinnowError('resume_refused', `There is no journal of a tune at ${path}.`, { cause })
  })
  const { values, end } = wholeLines(bytes, path)
  const [start, ...events] = values
  if (start === undefined) {
    throw new WinnowError('resume_refused', `${path} is empty; start a new run.`)
  }
  // Both were written by this file.
  return { history: historyOf(start as StudyStart, events as StudyEvent[]), end }
}

function historyOf(start: StudyStart, events: readonly StudyEvent[]): AppliedHistory {
  const trials: Trial[] = []
  let training: StudyTraining | undefined
  let winner: StudyWinner | undefined
  const apply = (event: StudyEvent): void => {
    if (event.kind === 'training') {
      training = { trainingRun: event.trainingRun, trial: event.trial }
    } else if (event.kind === 'winner') {
      const { trial, model } = event
      winner = { trial, trainingRun: event.trainingRun, model }
    } else {
      trials[event.trial] = trialAfter(trials[event.trial], event)
    }
  }
  events.forEach(apply)
  return {
    start,
    trials: () => trials,
    training: () => training,
    winner: () => winner,
    apply,
  }
}

function trialAfter(
  before: Trial | undefined,
  event: Exclude<StudyEvent, { kind: 'training' | 'winner' }>,
): Trial {
  switch (event.kind) {
    case 'begun': {
      // One that was cut off begins again.
      const { trial: number, parameters } = event
      return { number, state: 'running', parameters, epochs: [], seconds: 0 }
    }
    case 'epoch':
      return { ...before!, epochs: [...before!.epochs, event.value] }
    case 'ended': {
      const { state, seconds, parameters } = event
      const ended = { ...before!, state, seconds, parameters }
      if (event.state === 'failed') return { ...ended, error: event.error }
      const { value, values, scores } = event
      return { ...ended, value, values, scores }
    }
  }
}

async function appendLine(file: FileHandle, value: unknown): Promise<void> {
  await file.appendFile(`${JSON.stringify(value)}\n`)
  await file.datasync()
}

/** The values of all whole lines, and the length of the file up to their end. */
function wholeLines(bytes: Buffer, path: string): { values: unknown[]; end: number } {
  const values: unknown[] = []
  let end = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\n', end)
    if (lineEnd < 0) return { values, end }
    const isLast = lineEnd === bytes.length - 1
    try {
      values.push(JSON.parse(bytes.toString('utf8', end, lineEnd)))
    } catch (cause) {
      // After a crash of the machine, the last line can have its length without its bytes.
      if (isLast) return { values, end }
      const message = `${path} is damaged at line ${values.length + 1}; start a new run.`
      throw new WinnowError('resume_refused', message, { cause })
    }
    end = lineEnd + 1
  }
}
