// What a worker knows of the tasks of all runs: which are open, and who has the others. It forgets
// runs whose coordinator has fallen silent, so that it stays small.
import type { TaskOffer, TaskProgress } from '../../schemas/tasks/task-records.ts'
import { afterOffer, afterRecord, isOfAttempt, type TaskClaim } from './task-claim.ts'

/** More runs, or tasks of a run, are not looked at. */
const runsMax = 1_000
const tasksMax = 10_000
/** Workers that choose at the same time take different tasks, more often than not. */
const chosenAmong = 8

type KnownRun = {
  readonly claims: Map<number, TaskClaim>
  readonly offers: Map<number, TaskOffer>
  /** Own signs of life since the last tick of the coordinator. */
  missed: number
}

/** The name of the task of an offer. */
export function offerKey({ run, task }: Pick<TaskOffer, 'run' | 'task'>): string {
  return `${run}/${task}`
}

/** The tasks of all runs, as one worker knows them. */
export class OfferBook {
  readonly #worker: string
  readonly #missedMax: number
  readonly #runs = new Map<string, KnownRun>()

  constructor({ worker, missedMax }: { worker: string; missedMax: number }) {
    this.#worker = worker
    this.#missedMax = missedMax
  }

  /** Takes note of a task that is put up. */
  add(offer: TaskOffer): void {
    const run = this.#runOf(offer.run)
    if (run === undefined || (run.claims.size >= tasksMax && !run.claims.has(offer.task))) return
    // A coordinator that puts up tasks is there.
    run.missed = 0
    const before = run.claims.get(offer.task)
    const claim = afterOffer(before, offer.attempt)
    run.claims.set(offer.task, claim)
    if (claim.state === 'open' && claim.attempt === offer.attempt) run.offers.set(offer.task, offer)
  }

  /** Takes note of what became of a task, and of who is there. */
  apply(record: TaskProgress): void {
    if ('worker' in record && record.worker === this.#worker) this.#passTime()
    if (record.kind === 'tick') {
      const run = this.#runs.get(record.run)
      if (run !== undefined) run.missed = 0
    } else if (isOfAttempt(record)) {
      const run = this.#runOf(record.run)
      if (run === undefined || (run.claims.size >= tasksMax && !run.claims.has(record.task))) return
      const claim = afterRecord(run.claims.get(record.task), record)
      run.claims.set(record.task, claim)
      if (claim.state !== 'open') run.offers.delete(record.task)
    }
  }

  /** An open task, of the run that the worker was last at if there is one. */
  choose(
    lastRun: string | undefined,
    isPassedOver: (offer: TaskOffer) => boolean,
  ): TaskOffer | undefined {
    const own = lastRun === undefined ? undefined : this.#runs.get(lastRun)
    for (const run of own === undefined ? this.#runs.values() : [own, ...this.#runs.values()]) {
      const open: TaskOffer[] = []
      for (const offer of run.offers.values()) {
        if (open.length < chosenAmong && !isPassedOver(offer)) open.push(offer)
      }
      if (open.length > 0) return open[Math.floor(Math.random() * open.length)]
    }
    return undefined
  }

  /** Whether nobody has the attempt of an offer. */
  isOpen({ run, task, attempt }: TaskOffer): boolean {
    const claim = this.#runs.get(run)?.claims.get(task)
    return claim?.state === 'open' && claim.attempt === attempt
  }

  /** Who has the attempt of an offer. */
  ownerOf({ run, task, attempt }: TaskOffer): string | undefined {
    const claim = this.#runs.get(run)?.claims.get(task)
    return claim?.state === 'claimed' && claim.attempt === attempt ? claim.worker : undefined
  }

  #runOf(run: string): KnownRun | undefined {
    const known = this.#runs.get(run)
    if (known !== undefined || this.#runs.size >= runsMax) return known
    const added: KnownRun = { claims: new Map(), offers: new Map(), missed: 0 }
    this.#runs.set(run, added)
    return added
  }

  /** Each sign of its own that comes back is a step of time. */
  #passTime(): void {
    for (const [name, run] of this.#runs) {
      if (++run.missed > silentFactor * this.#missedMax) this.#runs.delete(name)
    }
  }
}

/**
 * A coordinator may be late, or give signs less often than this worker. A run that is forgotten too
 * early is learned again with its next offer.
 */
const silentFactor = 3
