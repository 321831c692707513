// Which labels of a source come from people alone. A typing error of a person looks like that: no
// event came with the label, and no earlier model has it. Which label counts for an event is
// label-book.ts.
import type { SourceFacts } from '../files/dataset-source.ts'

/** A version whose labels are no news. */
export type EarlierVersion = {
  /** `name@version`. */
  readonly ref: string
  readonly labels: readonly string[]
}

/** Who used the labels of a source, noted event by event. */
export class LabelOrigins {
  readonly #ofEvents = new Set<string>()
  readonly #examplesOfPeople = new Map<string, number>()

  /** Notes the label that an event came with, and the one by which a person's word replaces it. */
  add({ own, said }: { own: string | null; said: string | undefined }): void {
    if (own !== null) this.#ofEvents.add(own)
    if (said === undefined) return
    this.#examplesOfPeople.set(said, (this.#examplesOfPeople.get(said) ?? 0) + 1)
  }

  /**
   * The labels that neither an event came with nor the earlier version has, with their examples.
   */
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
