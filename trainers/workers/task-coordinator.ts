// Puts the tasks of one run up for workers, follows what becomes of them, and puts a task up again
// when its worker falls silent. It does not know what a task is: remote-trials.ts does. The rules
// of claims are task-claim.ts, the other side is task-worker.ts.
import { WinnowError } from '../../schemas/errors.ts'
import type { TaskLog } from '../../schemas/ports/task-log.ts'
import type {
  TaskOffer,
  TaskOutcome,
  TaskProgress,
  TaskWork,
} from '../../schemas/tasks/task-records.ts'
import { followLog, type FollowedLog } from './followed-log.ts'
import { afterOffer, afterRecord, isOfAttempt, isOfOwner, type TaskClaim } from './task-claim.ts'
import { TaskSender } from './task-sender.ts'
import { WorkerCount } from './worker-count.ts'

/** The pace of signs of life. */
export type TaskPace = {
  /** Time between two signs of life, milliseconds. */
  readonly heartbeatMs: number
  /** A worker that is silent while the coordinator gave this many signs has lost its task. */
  readonly missedMax: number
}

export type TaskCoordinatorOptions = TaskPace & {
  readonly log: TaskLog
  readonly run: string
  /** Where the progress of this run begins, from `log.end` when it began. */
  readonly fromOffset: number
  /** Reports what people should know, one line at a time. */
  readonly note: (line: string) => void
}

/** An epoch that a worker reported. */
export type ReportedEpoch = Extract<TaskProgress, { kind: 'epoch' }>

/** How the caller follows and stops a task. */
export type TaskWatch = {
  readonly onEpoch: (epoch: ReportedEpoch) => 'continue' | 'stop'
  /** The task begins again, with another worker. */
  readonly onRestart: () => void
  /** Aborts when the result no longer counts. */
  readonly pruned: AbortSignal
  readonly signal?: AbortSignal | undefined
}

/** How a task ended; `pruned` when the caller stopped it. */
export type EndedTask =
  | { readonly kind: 'ended'; readonly outcome: TaskOutcome; readonly seconds: number }
  | { readonly kind: 'pruned'; readonly last: ReportedEpoch | undefined }

/** A task with this many workers lost or failed ends the run. */
const lostMax = 5

type Task = {
  claim: TaskClaim | undefined
  epochs: ReportedEpoch[]
  end: Extract<TaskProgress, { kind: 'ended' }> | undefined
  /** Own ticks since the last sign of its worker, or since it was put up. */
  missed: number
  /** Whether the attempt is being revoked. */
  isRevoked: boolean
  /** Workers that fell silent or failed at it, in the life of this process. */
  lost: number
  lastLoss: string
  waiting: Waiting | undefined
}

type Waiting = {
  readonly work: TaskWork
  readonly watch: TaskWatch
  readonly resolve: (end: EndedTask) => void
  readonly reject: (error: Error) => void
}

/** Opens a coordinator that has read what became of the tasks so far; the caller closes it. */
export async function openTaskCoordinator(
  options: TaskCoordinatorOptions,
): Promise<TaskCoordinator> {
  const coordinator = new TaskCoordinator(options)
  await coordinator.open()
  return coordinator
}

/** The tasks of one run. Two coordinators of one run must not work at once. */
export class TaskCoordinator {
  readonly #options: TaskCoordinatorOptions
  readonly #sender: TaskSender
  readonly #workers: WorkerCount
  readonly #tasks = new Map<number, Task>()
  readonly #closing = new AbortController()
  #followed: FollowedLog | undefined
  #ticking: NodeJS.Timeout | undefined
  #failure: Error | undefined
  #isCaughtUp = false
  readonly #refusals = new Map<string, string>()

  constructor(options: TaskCoordinatorOptions) {
    this.#options = options
    this.#sender = new TaskSender(options)
    this.#workers = new WorkerCount(options.missedMax)
  }

  /** Room for tasks: one for each worker that is there, and one in any case. */
  get slots(): { readonly count: () => number; readonly changed: () => Promise<void> } {
    return this.#workers
  }

  /** Reads what became of the tasks so far, and says that the coordinator is there. */
  async open(): Promise<void> {
    const { log, fromOffset, heartbeatMs, note } = this.#options
    this.#followed = followLog(log, {
      onOffer: () => undefined,
      onProgress: (record) => this.#apply(record),
      onFailure: (error) => this.#fail(error),
      log: note,
      fromOffset,
      signal: this.#closing.signal,
    })
    await this.#followed.begun
    this.#isCaughtUp = true
    // Workers went on while nobody gave ticks.
    for (const task of this.#tasks.values()) task.missed = 0
    this.#tick()
    this.#ticking = setInterval(() => this.#tick(), heartbeatMs)
  }

  /**
   * Resolves when a worker has ended the task. If an earlier process put it up, its worker goes on,
   * and a result that came meanwhile counts.
   *
   * @throws WinnowError `cancelled`; `worker_crashed` when several workers in a row did not end it;
   * broker_refused.
   */
  work(number: number, work: TaskWork, watch: TaskWatch): Promise<EndedTask> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      const task = this.#taskOf(number)
      const settle = (): void => {
        task.waiting = undefined
        watch.signal?.removeEventListener('abort', onCancelled)
        watch.pruned.removeEventListener('abort', onPruned)
      }
      const onCancelled = (): void => {
        this.#revoke(number, task, 'cancelled')
        waiting.reject(new WinnowError('cancelled', 'The work was cancelled.'))
      }
      const onPruned = (): void => this.#prune(number, task)
      const waiting: Waiting = {
        work,
        watch,
        resolve: (end) => {
          settle()
          resolve(end)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      task.waiting = waiting
      watch.signal?.addEventListener('abort', onCancelled)
      watch.pruned.addEventListener('abort', onPruned)
      if (watch.signal?.aborted === true) onCancelled()
      else this.#takeUp(number, task)
    })
  }

  /** Stops following; what runs is revoked if it was cancelled before. */
  async close(): Promise<void> {
    clearInterval(this.#ticking)
    this.#sender.stop()
    // Behind all records that wait.
    await this.#sender.append([]).catch(() => undefined)
    this.#closing.abort()
    await this.#followed?.ended
  }

  #taskOf(number: number): Task {
    const known = this.#tasks.get(number)
    if (known !== undefined) return known
    const task: Task = {
      claim: undefined,
      epochs: [],
      end: undefined,
      missed: 0,
      isRevoked: false,
      lost: 0,
      lastLoss: '',
      waiting: undefined,
    }
    this.#tasks.set(number, task)
    return task
  }

  /** Begins a task, or goes on with what is known of it. */
  #takeUp(number: number, task: Task): void {
    for (const epoch of [...task.epochs]) this.#tell(number, task, epoch)
    if (task.waiting === undefined) return
    if (task.end !== undefined) this.#finish(task)
    else if (task.claim?.state !== 'claimed') this.#putUp(number, task)
  }

  #putUp(number: number, task: Task): void {
    const { claim } = task
    const attempt = claim === undefined ? 1 : claim.attempt + (claim.state === 'open' ? 0 : 1)
    task.claim = afterOffer(claim, attempt)
    task.epochs = []
    task.missed = 0
    task.isRevoked = false
    this.#offer(number, task)
  }

  #offer(number: number, { claim, waiting }: Task): void {
    const { run, heartbeatMs } = this.#options
    if (waiting === undefined || claim === undefined) return
    const { attempt } = claim
    const { work } = waiting
    const offer: TaskOffer = { formatVersion: 1, run, task: number, attempt, heartbeatMs, work }
    this.#sender.offer([offer]).catch((error: unknown) => this.#fail(error))
  }

  #apply(record: TaskProgress): void {
    if ('worker' in record) {
      const isNew = this.#workers.seen(record.worker)
      // It has read nothing from before it came.
      if (isNew) this.#offerOpen(() => true)
    }
    if (!('run' in record) || record.run !== this.#options.run) return
    if (isOfAttempt(record)) this.#applyToTask(record.task, record)
    else if (record.kind === 'tick') this.#passTime()
    else this.#noteRefusal(record)
  }

  #applyToTask(number: number, record: Extract<TaskProgress, { attempt: number }>): void {
    const task = this.#taskOf(number)
    const { claim } = task
    const wasOwner = isOfOwner(claim, record)
    task.claim = afterRecord(claim, record)
    if (task.claim !== claim && task.claim.attempt !== claim?.attempt) task.epochs = []
    if (isOfOwner(task.claim, record)) task.missed = 0
    if (record.kind === 'epoch' && isOfOwner(task.claim, record)) {
      task.epochs.push(record)
      this.#tell(number, task, record)
    } else if (record.kind === 'ended' && wasOwner) {
      task.end = record
      this.#finish(task)
    } else if (record.kind === 'released' && wasOwner) {
      if (record.reason === 'failure') this.#lose(task, `${record.worker}: ${record.message}`)
      this.#again(number, task)
    } else if (record.kind === 'revoked' && task.claim !== claim && record.reason === 'silent') {
      this.#lose(task, `${claim?.worker ?? 'a worker'} fell silent`)
      this.#again(number, task)
    }
  }

  #tell(number: number, task: Task, epoch: ReportedEpoch): void {
    if (task.waiting?.watch.onEpoch(epoch) === 'stop') this.#prune(number, task)
  }

  #finish(task: Task): void {
    const { end, waiting } = task
    if (end === undefined || waiting === undefined) return
    waiting.resolve({ kind: 'ended', outcome: end.outcome, seconds: end.seconds })
  }

  #prune(number: number, task: Task): void {
    this.#revoke(number, task, 'pruned')
    task.waiting?.resolve({ kind: 'pruned', last: task.epochs.at(-1) })
  }

  #lose(task: Task, why: string): void {
    task.lost++
    task.lastLoss = why
    if (task.waiting !== undefined) this.#options.note(`a task is put up again: ${why}`)
  }

  #again(number: number, task: Task): void {
    const { waiting, lost, lastLoss } = task
    if (waiting === undefined) return
    if (lost < lostMax) {
      waiting.watch.onRestart()
      this.#putUp(number, task)
      return
    }
    const message =
      `Task ${number} was taken by ${lost} workers, and none ended it. The last one: ${lastLoss}. ` +
      'Look at the logs of the workers.'
    waiting.reject(new WinnowError('worker_crashed', message, { details: { task: number, lost } }))
  }

  /** One own tick has come back: what is counted in ticks goes on. */
  #passTime(): void {
    const { missedMax, note } = this.#options
    this.#workers.tick()
    if (!this.#isCaughtUp) return
    for (const [number, task] of this.#tasks) {
      if (task.claim?.state !== 'claimed' || ++task.missed <= missedMax) continue
      this.#revoke(number, task, 'silent')
    }
    const isLate = ({ missed }: Task): boolean => missed > 0 && missed % (missedMax + 1) === 0
    for (const task of this.#tasks.values()) if (task.claim?.state === 'open') task.missed++
    const waited = this.#offerOpen(isLate)
    if (waited > 0 && this.#workers.isEmpty) {
      note('waiting for workers: start `winnow train-worker` on hosts with the same Kafka')
    }
  }

  /** Puts tasks up that nobody has claimed; returns how many. */
  #offerOpen(applies: (task: Task) => boolean): number {
    const open = [...this.#tasks].filter(
      ([, task]) => task.claim?.state === 'open' && task.waiting !== undefined && applies(task),
    )
    for (const [number, task] of open) this.#offer(number, task)
    return open.length
  }

  #noteRefusal({ worker, code, message }: Extract<TaskProgress, { kind: 'refused' }>): void {
    const line = `${worker} refuses the tasks: ${message} [${code}]`
    if (this.#refusals.get(worker) === line) return
    this.#refusals.set(worker, line)
    this.#options.note(line)
  }

  #revoke(number: number, task: Task, reason: 'silent' | 'pruned' | 'cancelled'): void {
    const { run } = this.#options
    const { claim } = task
    if (claim === undefined || claim.state === 'closed' || task.isRevoked) return
    task.isRevoked = true
    const { attempt } = claim
    this.#sender
      .append([{ kind: 'revoked', run, task: number, attempt, reason }])
      .catch((error: unknown) => this.#fail(error))
  }

  #tick(): void {
    if (this.#sender.isBusy) return
    const { run } = this.#options
    this.#sender.append([{ kind: 'tick', run }]).catch((error: unknown) => this.#fail(error))
  }

  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return
    const failure = error instanceof Error ? error : new Error(String(error))
    this.#failure ??= failure
    for (const { waiting } of this.#tasks.values()) waiting?.reject(failure)
  }
}
