// Texts that wait for a batch, grouped by padded length. A pure data structure: time is passed in,
// nothing runs here. It decides which texts share a batch and when the queue is full; running
// batches and answering callers is batcher.ts.
import assert from 'node:assert/strict'

export type BatchLimits = {
  /** Padded tokens of one batch; a single longer text still makes a batch of its own. */
  readonly batchTokens: number
  /** Texts of one batch. */
  readonly batchTextsMax: number
  /** A text that has waited longer goes first, however small its batch becomes. */
  readonly batchAgeMsMax: number
  /** Padded tokens that may wait; a text that is longer may wait alone. */
  readonly queueTokensMax: number
  /** Texts that may wait. */
  readonly queueTextsMax: number
  /** Lengths are rounded up to a multiple of this; 1 groups texts of exactly one length. */
  readonly padTo: number
}

/** A text in the queue; `length` in tokens. */
export type QueuedText<Ticket> = {
  readonly ticket: Ticket
  readonly length: number
  readonly paddedLength: number
  readonly submittedAtMs: number
}

/** Texts that share a batch: at least one, all of the padded length `tokens`. */
export type FormedBatch<Ticket> = {
  readonly texts: readonly QueuedText<Ticket>[]
  readonly tokens: number
}

/**
 * A bounded queue of texts, taken batch by batch. `Ticket` is whatever the owner needs to answer
 * the caller.
 *
 * Guarantees: each text is in exactly one batch unless removed before; all texts of a batch have
 * one padded length, which depends on the text alone; texts of one length leave in order of
 * arrival; when some text is older than `batchAgeMsMax`, the next batch holds the oldest text of
 * all, so that no length starves.
 */
export class BatchQueue<Ticket> {
  readonly limits: BatchLimits
  // A Set keeps the order of arrival and gives up any member in constant time.
  readonly #groups = new Map<number, Set<QueuedText<Ticket>>>()
  #texts = 0
  #tokens = 0

  constructor(limits: BatchLimits) {
    assert.ok(limits.batchTokens >= 1 && limits.batchTextsMax >= 1 && limits.padTo >= 1)
    this.limits = limits
  }

  /** Texts that wait. */
  get texts(): number {
    return this.#texts
  }

  /** Padded tokens that wait. */
  get tokens(): number {
    return this.#tokens
  }

  /** Whether a text of this length can be submitted now. An empty queue takes any one text. */
  hasRoom(length: number): boolean {
    if (this.#texts === 0) return true
    const tokens = this.#tokens + paddedLength(length, this.limits.padTo)
    return this.#texts < this.limits.queueTextsMax && tokens <= this.limits.queueTokensMax
  }

  /** Adds a text; undefined means that the queue is full. */
  submit(ticket: Ticket, length: number, nowMs: number): QueuedText<Ticket> | undefined {
    assert.ok(length >= 1, 'a text has at least one token')
    if (!this.hasRoom(length)) return undefined
    const padded = paddedLength(length, this.limits.padTo)
    const text = { ticket, length, paddedLength: padded, submittedAtMs: nowMs }
    const group = this.#groups.get(padded)
    if (group === undefined) this.#groups.set(padded, new Set([text]))
    else group.add(text)
    this.#texts += 1
    this.#tokens += padded
    return text
  }

  /** Takes a text out whose caller left; false when it is in a batch already. */
  remove(text: QueuedText<Ticket>): boolean {
    const group = this.#groups.get(text.paddedLength)
    if (group?.delete(text) !== true) return false
    this.#forget(text, group)
    return true
  }

  /**
   * The next batch: from the group of the oldest text when that one is too old, else from the
   * group that fills a batch best (the older head on a tie). Undefined when nothing waits.
   */
  next(nowMs: number): FormedBatch<Ticket> | undefined {
    const group = this.#choose(nowMs)
    if (group === undefined) return undefined
    const texts: QueuedText<Ticket>[] = []
    const tokens = firstOf(group).paddedLength
    const textsMax = this.#batchTextsMax(tokens)
    for (const text of group) {
      if (texts.length === textsMax) break
      texts.push(text)
      group.delete(text)
      this.#forget(text, group)
    }
    return { texts, tokens }
  }

  /** Takes out everything, for an owner that cannot go on. */
  drain(): QueuedText<Ticket>[] {
    const texts = [...this.#groups.values()].flatMap((group) => [...group])
    this.#groups.clear()
    this.#texts = 0
    this.#tokens = 0
    return texts
  }

  #choose(nowMs: number): Set<QueuedText<Ticket>> | undefined {
    let oldest: { group: Set<QueuedText<Ticket>>; sinceMs: number } | undefined
    let fullest: { group: Set<QueuedText<Ticket>>; sinceMs: number; tokens: number } | undefined
    for (const [length, group] of this.#groups) {
      const head = firstOf(group)
      const sinceMs = head.submittedAtMs
      const tokens = Math.min(group.size, this.#batchTextsMax(length)) * length
      if (oldest === undefined || sinceMs < oldest.sinceMs) oldest = { group, sinceMs }
      if (
        fullest === undefined ||
        tokens > fullest.tokens ||
        (tokens === fullest.tokens && sinceMs < fullest.sinceMs)
      ) {
        fullest = { group, sinceMs, tokens }
      }
    }
    if (oldest === undefined) return undefined
    const overdue = nowMs - oldest.sinceMs >= this.limits.batchAgeMsMax
    return overdue ? oldest.group : fullest?.group
  }

  /** Texts of one padded length that fit in a batch. */
  #batchTextsMax(length: number): number {
    const { batchTokens, batchTextsMax } = this.limits
    return Math.max(1, Math.min(batchTextsMax, Math.floor(batchTokens / length)))
  }

  #forget(text: QueuedText<Ticket>, group: Set<QueuedText<Ticket>>): void {
    if (group.size === 0) this.#groups.delete(text.paddedLength)
    this.#texts -= 1
    this.#tokens -= text.paddedLength
  }
}

/** The padded length of a text: a function of its own length only, hence reproducible results. */
export function paddedLength(length: number, padTo: number): number {
  return Math.ceil(length / padTo) * padTo
}

function firstOf<T>(group: ReadonlySet<T>): T {
  const { value } = group.values().next()
  assert.ok(value !== undefined, 'groups are never empty')
  return value
}
