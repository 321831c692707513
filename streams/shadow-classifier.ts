// Classifies a share of the events a second time, by a version that answers for none of them. It
// uses spare capacity only: it is offered results that are stored already, makes nobody wait, drops
// what does not fit its queue, and keeps its failures to itself.
import type { Classification } from '../schemas/classification.ts'
import { errorMessage } from '../schemas/errors.ts'
import { isInShare } from './stages/event-share.ts'
import { LoopTurns } from '../models/runtime/sliced-work.ts'
import { BoundTokens } from './stages/bound-tokens.ts'
import { inferEvents, type ModelPort } from './stages/infer.ts'
import type { Sink } from '../schemas/ports/sink.ts'
import type { TokenizedEvent } from './stages/tokenize.ts'

/** What became of an event of the shadow's share. Shed: the queue was full, or the role ended. */
export type ShadowOutcome = 'stored' | 'shed' | 'rejected' | 'failed'

/** Where the shadow's model comes from, if there is one. */
export type ShadowSource = {
  acquire(): { readonly model: ModelPort; readonly percent: number; release(): void } | undefined
}

export type ShadowClassifierOptions = {
  readonly models: ShadowSource
  /** Stores rows; throws when it cannot. Called again with the same rows after a failure. */
  readonly write: (results: readonly Classification[]) => Promise<void>
  /** Most events that may wait. */
  readonly queueEventsMax: number
  readonly topLabels: number
  readonly nowMs: () => number
  readonly count: (outcome: ShadowOutcome, events: number) => void
  /** One line for a person: the first of several failures in a row. */
  readonly log: (line: string) => void
}

/**
 * Events classified together; few enough that tokenizing them takes milliseconds of the event loop.
 */
const chunkEventsMax = 32
/** Rows of one insert, and the longest wait of a row for it: small inserts are expensive. */
const insertRowsMax = 1_000
const insertAgeMsMax = 1_000
const writeTriesMax = 2

/** The shadow's queue and the loop that empties it. */
export class ShadowClassifier {
  readonly #options: ShadowClassifierOptions
  readonly #tokens = new BoundTokens(new LoopTurns())
  #queue: Classification[] = []
  #rows: Classification[] = []
  #rowsSinceMs = 0
  #working: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #failing = false

  constructor(options: ShadowClassifierOptions) {
    this.#options = options
  }

  /** Queues the results of the shadow's share, as far as there is room. Returns at once. */
  offer(results: readonly Classification[]): void {
    const { models, queueEventsMax, count } = this.#options
    const lease = models.acquire()
    if (lease === undefined || this.#closed) {
      lease?.release()
      return
    }
    const { model, percent } = lease
    lease.release()
    const share = { purpose: `${model.name}/shadow`, percent }
    // Of several models, only the results of its own.
    const due = results
      .filter((result) => result.model === model.name && result.version !== model.version)
      .filter(({ eventId }) => isInShare(eventId, share))
    const room = Math.max(0, queueEventsMax - this.#queue.length)
    this.#queue.push(...due.slice(0, room))
    if (due.length > room) count('shed', due.length - room)
    this.#wake()
  }

  /** Drops what waits, then finishes and stores the current chunk. */
  async close(): Promise<void> {
    this.#closed = true
    this.#shed()
    clearTimeout(this.#timer)
    await this.#working
    await this.#store()
  }

  #shed(): void {
    if (this.#queue.length > 0) this.#options.count('shed', this.#queue.length)
    this.#queue = []
  }

  #wake(): void {
    if (this.#queue.length > 0) this.#run(() => this.#workOff())
  }

  /** Runs one task at a time; what was offered meanwhile comes next. */
  #run(work: () => Promise<void>): void {
    this.#working ??= work().finally(() => {
      this.#working = undefined
      this.#wake()
    })
  }

  async #workOff(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#classify(this.#queue.splice(0, chunkEventsMax))
      if (this.#isDue()) await this.#store()
    }
    clearTimeout(this.#timer)
    if (this.#rows.length === 0 || this.#closed) return
    // The next event may be long in coming; the rows must not wait for it.
    this.#timer = setTimeout(() => this.#run(() => this.#store()), insertAgeMsMax)
  }

  #isDue(): boolean {
    const { nowMs } = this.#options
    return this.#rows.length >= insertRowsMax || nowMs() - this.#rowsSinceMs >= insertAgeMsMax
  }

  async #classify(results: readonly Classification[]): Promise<void> {
    const { topLabels, nowMs, count } = this.#options
    const lease = this.#options.models.acquire()
    if (lease === undefined) {
      count('shed', results.length)
      return
    }
    const due = results.filter(({ version }) => version !== lease.model.version)
    try {
      const model: ModelPort = { ...lease.model, role: 'shadow' }
      const options = { topLabels, nowMs, tokens: this.#tokens }
      const outcomes = await inferEvents(due.map(eventOf), model, options)
      const rows = outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? [outcome.value] : []))
      if (this.#rows.length === 0) this.#rowsSinceMs = nowMs()
      this.#rows.push(...rows)
      count('rejected', due.length - rows.length)
      this.#failing = false
    } catch (error) {
      count('failed', due.length)
      this.#note(`the shadow ${lease.model.name}@${lease.model.version} failed`, error)
    } finally {
      lease.release()
    }
  }

  /** Rows that cannot be stored are dropped: nobody waits for them, and memory must not grow. */
  async #store(): Promise<void> {
    const rows = this.#rows
    this.#rows = []
    if (rows.length === 0) return
    for (let tries = 1; ; tries++) {
      try {
        await this.#options.write(rows)
        this.#options.count('stored', rows.length)
        this.#failing = false
        return
      } catch (error) {
        if (tries < writeTriesMax) continue
        this.#options.count('failed', rows.length)
        this.#note('rows of the shadow were not stored', error)
        return
      }
    }
  }

  #note(what: string, error: unknown): void {
    if (!this.#failing) this.#options.log(`${what}: ${errorMessage(error)}; the stream continues`)
    this.#failing = true
  }
}

/** A sink that offers to the shadow what it has stored. Each event is offered at most once. */
export function withShadow(
  sink: Sink<Classification>,
  shadow: Pick<ShadowClassifier, 'offer'>,
): Sink<Classification> {
  return {
    ...sink,
    async write(block, fence) {
      await sink.write(block, fence)
      // Shadow rows have no attempt, so events that were sent again are left out.
      shadow.offer(block.outputs.flatMap(({ attempt, value }) => (attempt === 0 ? [value] : [])))
    },
  }
}

/** The event of a result. It is tokenized again, since results carry no ids. */
function eventOf(result: Classification): TokenizedEvent {
  const { topic, partition, offset, recordTimeMs, text, source, attributes, knownLabel } = result
  return {
    topic,
    partition,
    offset,
    recordTimeMs,
    text,
    source,
    attributes,
    knownLabel,
    id: result.eventId,
    eventTimeMs: result.eventTimeMs,
    tokenizerSha256: '',
    maxTokens: 0,
    ids: new Int32Array(),
    truncated: false,
  }
}
