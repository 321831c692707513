// Remembers the ids of recent events of one partition, to tell a second event with the same id from
// a redelivery of the first.

/** A bounded memory of event ids with the offset that brought each. Oldest ids are forgotten. */
export class DuplicateWindow {
  readonly #offsets = new Map<string, number>()
  readonly #size: number

  /** `size` is the number of ids remembered; 0 remembers none. */
  constructor(size: number) {
    this.#size = size
  }

  /**
   * The offset of an earlier event with this id; undefined if there is none, and then the id is
   * remembered. The same offset is a redelivery, not a duplicate, and so is a lower one: the first
   * event keeps the id. For an event that was sent again (an attempt above 0), a lower offset
   * proves nothing: after it was rejected, another event may have taken its id.
   */
  earlier(id: string, event: { offset: number; attempt: number }): number | undefined {
    if (this.#size === 0) return undefined
    const { offset, attempt } = event
    const known = this.#offsets.get(id)
    if (known !== undefined && (attempt > 0 ? known !== offset : known < offset)) return known
    if (known === undefined && this.#offsets.size >= this.#size) {
      const [oldest] = this.#offsets.keys()
      this.#offsets.delete(oldest!)
    }
    this.#offsets.set(id, offset)
    return undefined
  }
}
