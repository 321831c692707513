// What a worker does for a task: fetches the texts and the encoder that the offer names, refuses
// others, and evaluates the trial as `tune` does on one machine. What tasks share stays in memory
// until a task of another run comes.
import type { Base } from '../../models/bases/base-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { TaskOutcome, TaskWork } from '../../schemas/tasks/task-records.ts'
import type { TrialEvaluator } from '../tuning/run-study.ts'
import { tunedMethod } from '../tuning/tuned-method.ts'
import { readPackedDataset, type PackedStore } from './packed-texts.ts'
import type { PreparedTask } from './task-worker.ts'

export type RunTaskOptions = PackedStore & {
  /** Opens a base encoder by name, fetching it if it is not there. */
  readonly openBase: (name: string, signal: AbortSignal) => Promise<Base>
}

type Shared = { readonly key: string; readonly evaluator: TrialEvaluator }

/** Gets a machine ready for tasks; see `TaskWorkerOptions.prepare`. */
export function taskPreparer(
  options: RunTaskOptions,
): (work: TaskWork, signal: AbortSignal) => Promise<PreparedTask> {
  let shared: Shared | undefined
  return async (work, signal) => {
    const key = JSON.stringify({ ...work, parameters: undefined })
    if (shared?.key !== key) {
      // Two runs at once could need more memory than there is.
      await shared?.evaluator.close?.()
      shared = undefined
      shared = { key, evaluator: await openEvaluator(work, options, signal) }
    }
    const { evaluator } = shared
    return { run: (watch) => runTrial(evaluator, work, watch) }
  }
}

async function openEvaluator(
  work: TaskWork,
  options: RunTaskOptions,
  signal: AbortSignal,
): Promise<TrialEvaluator> {
  const base = await options.openBase(work.base.name, signal)
  requireSameBase(base, work.base)
  const train = await readPackedDataset(work.data, options, signal)
  const { method, space, seed, maxTokens, threads, isTimed } = work
  const tuned = tunedMethod(method, {
    train,
    base,
    space,
    seed,
    maxTokens,
    isTimed,
    storeDir: options.storeDir,
    name: 'worker',
    workers: threads,
  })
  return tuned.evaluator
}

function requireSameBase(base: Base, wanted: TaskWork['base']): void {
  const isSame =
    base.modelSha256 === wanted.modelSha256 && base.tokenizerSha256 === wanted.tokenizerSha256
  if (isSame) return
  const message =
    `The base encoder '${base.name}' of this machine is not the one of the run: the hashes of its ` +
    'files differ. Fetch the same one with `winnow base pull`.'
  throw new WinnowError('hash_mismatch', message, { details: { name: base.name } })
}

async function runTrial(
  evaluator: TrialEvaluator,
  work: TaskWork,
  { onEpoch, signal }: Parameters<PreparedTask['run']>[0],
): Promise<TaskOutcome> {
  const { scores, parameters } = await evaluator.evaluate(work.parameters, {
    number: 0,
    onEpoch,
    onRestart: () => undefined,
    pruned: signal,
    signal,
  })
  return { kind: 'trial', scores, parameters }
}
