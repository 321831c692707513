// The processes of a run: one for all stages or one per stage. It also finds the process that a
// fault is meant for.
import type { FaultPoint } from '../../../schemas/ports/fault-point.ts'
import type { Environment } from '../../support/cli.ts'
import { until } from '../../support/until.ts'
import { killActors, startActor, stopActor, type Actor } from './actor.ts'
import type { Layout } from './plan.ts'

const ranges = { chained: ['validate..infer'], apart: ['validate', 'tokenize', 'infer'] } as const
type Range = (typeof ranges)[Layout][number]

export class Crew {
  readonly #env: Environment
  readonly #ranges: readonly Range[]
  readonly #actors = new Map<Range, Actor>()
  /** All processes ever started, for their output and their end. */
  readonly #all: Actor[] = []

  constructor(env: Environment, layout: Layout) {
    this.#env = env
    this.#ranges = ranges[layout]
  }

  /** Starts the processes that are not running. */
  start(): void {
    for (const range of this.#ranges) {
      if (this.#actors.get(range)?.isAlive() !== true) this.#actors.set(range, this.spawn(range))
    }
  }

  /** Starts one more process of a range; it joins the crew with `replace`. */
  spawn(range: Range, faults?: string): Actor {
    const actor = startActor(['stream', '--stages', range], { env: this.#env, faults })
    this.#all.push(actor)
    return actor
  }

  /** The range whose process passes the point. */
  rangeOf(point: FaultPoint): Range {
    if (this.#ranges.length === 1) return this.#ranges[0]!
    if (point === 'tokenizing') return 'tokenize'
    const isValidate = /dead_letters|polled|decoded|produce/.test(point)
    return isValidate ? 'validate' : 'infer'
  }

  actor(range: Range): Actor {
    return this.#actors.get(range)!
  }

  replace(range: Range, actor: Actor): void {
    this.#actors.set(range, actor)
  }

  /** Restarts the process of a range with faults. */
  async arm(range: Range, faults?: string): Promise<Actor> {
    const before = this.#actors.get(range)
    if (before !== undefined) await stopActor(before)
    const actor = this.spawn(range, faults)
    this.#actors.set(range, actor)
    return actor
  }

  /** Resolves when all are ready. */
  async ready(): Promise<void> {
    for (const actor of this.#actors.values()) await actor.ready
  }

  /** Ends all in an orderly way; throws if an exit status is not 0. */
  async stop(): Promise<void> {
    for (const actor of this.#actors.values()) await stopActor(actor)
  }

  /** Processes that ended although no fault or stop asked them to. */
  unexpected(): string[] {
    return [...this.#actors.values()]
      .filter((actor) => !actor.isAlive())
      .map((actor) => `${actor.name} has ended by itself\n${actor.output()}`)
  }

  async close(): Promise<void> {
    await killActors(this.#all)
  }

  /** The last output of the processes, for a failed run. */
  output(): string {
    return this.#all.map((actor) => `--- ${actor.name}\n${actor.output()}`).join('\n')
  }
}

/** Waits until a process has met the fault that it was started with. */
export async function met(actor: Actor, fault: 'kill' | 'pause'): Promise<void> {
  const isMet = () => (fault === 'kill' ? !actor.isAlive() : actor.isPaused())
  await until(`${fault} of ${actor.name}`, () => isMet() || !actor.isAlive(), 90_000)
  const how = actor.isAlive() ? 'paused' : await actor.ended
  if (how !== (fault === 'kill' ? 'SIGKILL' : 'paused')) {
    throw new Error(
      `${actor.name} ended with ${how} instead of meeting its fault\n${actor.output()}`,
    )
  }
}
