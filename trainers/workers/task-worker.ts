// Works off the tasks of any number of runs, one at a time: claims one, says that it is alive while
// it runs, and reports how it ended. It does not know what a task is: run-task.ts does. The rules
// of claims are task-claim.ts, the other side is task-coordinator.ts.
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { TaskLog } from '../../schemas/ports/task-log.ts'
import type {
  TaskOffer,
  TaskOutcome,
  TaskProgress,
  TaskWork,
} from '../../schemas/tasks/task-records.ts'
import type { TrialScores } from '../tuning/study.ts'
import { followLog, type FollowedLog } from './followed-log.ts'
import { OfferBook, offerKey } from './offer-book.ts'
import { isOfAttempt } from './task-claim.ts'
import type { TaskPace } from './task-coordinator.ts'
import { TaskSender } from './task-sender.ts'

/** A task whose data and encoder are there. */
export type PreparedTask = {
  /**
   * @throws WinnowError `training_diverged`, `memory_exhausted` when the task itself cannot be
   * done, `cancelled` after the signal; any other error is one of this machine.
   */
  readonly run: (watch: TaskRunWatch) => Promise<TaskOutcome>
}

export type TaskRunWatch = {
  readonly onEpoch: (epoch: { scores: TrialScores; isLast: boolean }) => 'continue' | 'stop'
  readonly signal: AbortSignal
}

export type TaskWorkerOptions = TaskPace & {
  readonly log: TaskLog
  /** Different for each process. */
  readonly worker: string
  /** Fetches what a task needs. Throws a WinnowError that says what this machine lacks. */
  readonly prepare: (work: TaskWork, signal: AbortSignal) => Promise<PreparedTask>
  /** Ends after so many tasks. */
  readonly tasksMax?: number | undefined
  /** Ends when there was nothing to do for so long, milliseconds. */
  readonly idleMsMax?: number | undefined
  /** How long a task may go on after the stop, milliseconds; then the claim is given back. */
  readonly drainMsMax: number
  readonly note: (line: string) => void
  readonly onTask?: ((outcome: WorkedOutcome, seconds: number) => void) | undefined
}

/** What became of a claimed task here. */
export type WorkedOutcome = 'ended' | 'failed' | 'revoked' | 'released'

/** A run whose tasks cannot be prepared is looked at again after this time. */
const refusedMs = 60_000
/** A task that failed here is left to others for this time. */
const failedMs = 10_000

/** Works until the signal aborts or a limit is reached; gives the number of tasks worked off. */
export async function runTaskWorker(
  options: TaskWorkerOptions,
  signal: AbortSignal,
): Promise<{ readonly tasks: number }> {
  const worker = new TaskWorker(options)
  return worker.run(signal)
}

type Current = {
  readonly offer: TaskOffer
  readonly revoked: AbortController
}

class TaskWorker {
  readonly #options: TaskWorkerOptions
  readonly #sender: TaskSender
  readonly #book: OfferBook
  readonly #closing = new AbortController()
  /** Until when offers of a run or a task are passed over, by `performance.now()`. */
  readonly #passedOver = new Map<string, number>()
  #current: Current | undefined
  #lastRun: string | undefined
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(options: TaskWorkerOptions) {
    this.#options = options
    this.#sender = new TaskSender(options)
    this.#book = new OfferBook(options)
  }

  async run(signal: AbortSignal): Promise<{ tasks: number }> {
    const { heartbeatMs, tasksMax = Infinity } = this.#options
    const followed = this.#follow()
    await followed.begun
    const beating = setInterval(() => this.#beat(), heartbeatMs)
    const onStop = (): void => this.#wake()
    signal.addEventListener('abort', onStop)
    let tasks = 0
    try {
      this.#beat()
      for (; tasks < tasksMax; tasks++) {
        const claimed = await this.#claimNext(signal)
        if (claimed === undefined) break
        await this.#work(claimed, signal)
      }
      return { tasks }
    } finally {
      clearInterval(beating)
      signal.removeEventListener('abort', onStop)
      this.#sender.stop()
      // Behind all records that wait.
      await this.#sender.append([]).catch(() => undefined)
      this.#closing.abort()
      await followed.ended
    }
  }

  #follow(): FollowedLog {
    const { log, note } = this.#options
    return followLog(log, {
      onOffer: (offer) => this.#onOffer(offer),
      onProgress: (record) => this.#onProgress(record),
      onFailure: (error) => this.#fail(error),
      log: note,
      signal: this.#closing.signal,
    })
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#current?.revoked.abort()
    this.#wake()
  }

  #onOffer(offer: TaskOffer): void {
    this.#book.add(offer)
    this.#wake()
  }

  #onProgress(record: TaskProgress): void {
    this.#book.apply(record)
    const current = this.#current
    if (record.kind === 'revoked' && current !== undefined && isOfAttempt(record)) {
      const { run, task, attempt } = current.offer
      const isOwn = record.run === run && record.task === task && record.attempt === attempt
      if (isOwn) current.revoked.abort()
    }
    this.#wake()
  }

  /** A task that this worker has claimed and can run; undefined when it is time to end. */
  async #claimNext(
    signal: AbortSignal,
  ): Promise<{ offer: TaskOffer; prepared: PreparedTask } | undefined> {
    const { idleMsMax = Infinity } = this.#options
    const idleSince = performance.now()
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const left = idleMsMax - (performance.now() - idleSince)
      if (signal.aborted || left <= 0) return undefined
      const offer = this.#book.choose(this.#lastRun, (one) => this.#isPassedOver(one))
      if (offer === undefined) {
        await this.#news(left)
        continue
      }
      const prepared = await this.#prepare(offer, signal)
      if (prepared === undefined || !this.#book.isOpen(offer)) continue
      if (await this.#claim(offer)) return { offer, prepared }
    }
  }

  /** Resolves when something was read, or after some time. */
  #news(msMax: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(msMax, 1_000))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #prepare(offer: TaskOffer, signal: AbortSignal): Promise<PreparedTask | undefined> {
    const { prepare, worker, note } = this.#options
    const { run } = offer
    try {
      return await prepare(offer.work, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      const code = error instanceof WinnowError ? error.code : 'internal'
      const message = errorMessage(error).slice(0, messageMax)
      note(`tasks of ${run} are refused: ${message} [${code}]`)
      this.#passOver(run, refusedMs)
      await this.#sender.append([{ kind: 'refused', run, worker, code, message }])
      return undefined
    }
  }

  /** Claims a task; resolves with whether this worker was the first. */
  async #claim(offer: TaskOffer): Promise<boolean> {
    const { worker } = this.#options
    await this.#sender.append([{ kind: 'claimed', ...this.#claimOf(offer) }])
    // Its own claim comes back, or one before it.
    while (this.#book.isOpen(offer) && this.#failure === undefined) await this.#news(Infinity)
    return this.#book.ownerOf(offer) === worker
  }

  async #work(
    { offer, prepared }: { offer: TaskOffer; prepared: PreparedTask },
    signal: AbortSignal,
  ): Promise<void> {
    const { note, onTask } = this.#options
    const { run, task } = offer
    const name = `${offer.work.kind} ${task} of ${run}`
    const revoked = new AbortController()
    this.#current = { offer, revoked }
    this.#lastRun = run
    const beating = setInterval(() => this.#beat(), offer.heartbeatMs)
    const began = performance.now()
    note(`${name} begins (attempt ${offer.attempt})`)
    try {
      const { outcome, why } = await this.#runTask(
        { offer, prepared, revoked: revoked.signal },
        signal,
      )
      const seconds = (performance.now() - began) / 1_000
      note(`${name}: ${outcome} after ${seconds.toFixed(1)} s${why === '' ? '' : `: ${why}`}`)
      onTask?.(outcome, seconds)
    } finally {
      clearInterval(beating)
      this.#current = undefined
    }
  }

  async #runTask(
    at: { offer: TaskOffer; prepared: PreparedTask; revoked: AbortSignal },
    signal: AbortSignal,
  ): Promise<{ outcome: WorkedOutcome; why: string }> {
    const { offer, prepared, revoked } = at
    const claim = this.#claimOf(offer)
    const drain = abortLater(signal, this.#options.drainMsMax)
    const began = performance.now()
    const seconds = (): number => (performance.now() - began) / 1_000
    try {
      const outcome = await prepared.run({
        signal: AbortSignal.any([revoked, drain.signal]),
        onEpoch: ({ scores, isLast }) => {
          const epoch = { kind: 'epoch' as const, ...claim, scores, isLast, seconds: seconds() }
          this.#send(epoch)
          return revoked.aborted ? 'stop' : 'continue'
        },
      })
      if (revoked.aborted) return { outcome: 'revoked', why: '' }
      await this.#sender.append([{ kind: 'ended', ...claim, seconds: seconds(), outcome }])
      return { outcome: 'ended', why: '' }
    } catch (error) {
      if (revoked.aborted) return { outcome: 'revoked', why: '' }
      const why = errorMessage(error).slice(0, messageMax)
      const code = error instanceof WinnowError ? error.code : 'internal'
      if (code === 'training_diverged' || code === 'memory_exhausted') {
        const failed = { kind: 'failed' as const, code, message: why }
        await this.#sender.append([
          { kind: 'ended', ...claim, seconds: seconds(), outcome: failed },
        ])
        return { outcome: 'failed', why }
      }
      const reason = drain.signal.aborted ? 'stopping' : 'failure'
      if (reason === 'failure') this.#passOver(offerKey(offer), failedMs)
      await this.#sender.append([{ kind: 'released', ...claim, reason, message: why }])
      return { outcome: 'released', why: reason === 'failure' ? `${why} [${code}]` : '' }
    } finally {
      drain.clear()
    }
  }

  #beat(): void {
    if (this.#sender.isBusy) return
    const { worker } = this.#options
    const current = this.#current
    this.#send(
      current === undefined
        ? { kind: 'ready', worker }
        : { kind: 'alive', ...this.#claimOf(current.offer) },
    )
  }

  #send(record: TaskProgress): void {
    this.#sender.append([record]).catch((error: unknown) => this.#fail(error))
  }

  #claimOf({ run, task, attempt }: TaskOffer) {
    return { run, task, attempt, worker: this.#options.worker }
  }

  #passOver(key: string, ms: number): void {
    const now = performance.now()
    for (const [old, until] of this.#passedOver) if (until < now) this.#passedOver.delete(old)
    this.#passedOver.set(key, now + ms)
  }

  #isPassedOver(offer: TaskOffer): boolean {
    const now = performance.now()
    const until = (key: string): number => this.#passedOver.get(key) ?? 0
    return until(offer.run) > now || until(offerKey(offer)) > now
  }
}

const messageMax = 2_000

/** A signal that aborts some time after another one. */
function abortLater(signal: AbortSignal, ms: number): { signal: AbortSignal; clear: () => void } {
  const later = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    timer = setTimeout(() => later.abort(), ms)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: later.signal,
    clear() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}
