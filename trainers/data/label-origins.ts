// Finds the labels that only people used: no event came with them, and no earlier model has them.
// Typing errors look like this. label-book.ts decides which label counts for an event.
import type { SourceFacts } from '../files/dataset-source.ts'

/** An earlier version, whose labels are known. */
export type EarlierVersion = {
  /** `name@version`. */
  readonly ref: string
  readonly labels: readonly string[]
}

/** Collects, event by event, where the labels of a source come from. */
export class LabelOrigins {
  readonly #ofEvents = new Set<string>()
  readonly #examplesOfPeople = new Map<string, number>()

  /** Adds an event's `own` label, and the label that a person `said` in its place. */
  add({ own, said }: { own: string | null; said: string | undefined }): void {
    if (own !== null) this.#ofEvents.add(own)
    if (said === undefined) return
    this.#examplesOfPeople.set(said, (this.#examplesOfPeople.get(said) ?? 0) + 1)
  }

  /** The labels that only people used, with their numbers of examples. */
  facts(earlier: EarlierVersion | undefined): SourceFacts {
    const known = new Set(earlier?.labels)
    const onlyPeople = [...this.#examplesOfPeople].filter(
      ([label]) => !this.#ofEvents.has(label) && !known.has(label),
    )
    return {
      labelsOnlyPeopleUsed: Object.fromEntries(onlyPeople.sort(([a], [b]) => (a < b ? -1 : 1))),
      labelsComparedWith: earlier?.ref ?? null,
    }
  }
}
