// Which label people gave an event, when several spoke or someone changed their mind: the latest
// word of each person counts, one that was taken back does not, and of several persons the latest
// wins. The view event_labels says the same in SQL.

/** One person's word on an event. `label` null takes back what the person said before. */
export type Word = {
  readonly eventId: string
  readonly label: string | null
  readonly by: string
  readonly timeMs: number
  /** Breaks ties of time: [partition, offset] of the record. */
  readonly at: readonly [number, number]
}

/**
 * All words that were said; memory grows with the number of labelled events, about 200 bytes each.
 */
export class LabelBook {
  readonly #byEvent = new Map<string, Word[]>()

  /** Notes a word; they may come in any order. */
  add(word: Word): void {
    const words = this.#byEvent.get(word.eventId)
    if (words === undefined) {
      this.#byEvent.set(word.eventId, [word])
      return
    }
    const same = words.findIndex(({ by }) => by === word.by)
    if (same < 0) words.push(word)
    else if (isLater(word, words[same]!)) words[same] = word
  }

  /** The label that counts, or undefined when there is none, or none any more. */
  labelOf(eventId: string): string | undefined {
    let latest: Word | undefined
    for (const word of this.#byEvent.get(eventId) ?? []) {
      if (word.label === null) continue
      if (latest === undefined || isLater(word, latest)) latest = word
    }
    return latest?.label ?? undefined
  }
}

function isLater(a: Word, b: Word): boolean {
  return a.timeMs - b.timeMs > 0 || (a.timeMs === b.timeMs && compareAt(a, b) > 0)
}

function compareAt({ at: [p, o] }: Word, { at: [q, r] }: Word): number {
  return p - q || o - r
}
